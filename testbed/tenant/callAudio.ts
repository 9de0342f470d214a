import { WaveFile } from 'wavefile';
import type { SeededRandom } from './seededRandom';
import type { CallCodec, PlannedCall } from './tenantCall';

/** Telephony's rate, samples a second. */
export const SAMPLE_RATE = 8_000;

const VOICE_SECONDS = 16;
const RING_SECONDS = 0.8;
const BEEP_SECONDS = 0.25;
const FORMAT_TAGS: Readonly<Record<CallCodec, number>> = { pcm: 1, alaw: 6, mulaw: 7 };

/** What a call is made of, synthesised once and cut to size for every call. */
export interface SoundLibrary {
	readonly agents: readonly Int16Array[];
	readonly customers: readonly Int16Array[];
	readonly ring: Int16Array;
	readonly beep: Int16Array;
	/** Companded byte for each 16 bit sample, indexed by the sample's unsigned value. */
	readonly companding: Readonly<Record<'mulaw' | 'alaw', Uint8Array>>;
}

const samples = (seconds: number): number => Math.round(seconds * SAMPLE_RATE);
const wave = (hertz: number, index: number): number => Math.sin((2 * Math.PI * hertz * index) / SAMPLE_RATE);

/** A buzz at a speaker's pitch, opened and closed a few times a second: it babbles, and says nothing. */
function babble(pitch: number, syllablesPerSecond: number): Int16Array {
	return Int16Array.from({ length: samples(VOICE_SECONDS) }, (_, index) => {
		const intonation = pitch * (1 + 0.08 * wave(0.37, index));
		const phase = (2 * Math.PI * intonation * index) / SAMPLE_RATE;
		const vowel = Math.sin(phase) + 0.5 * Math.sin(2 * phase) + 0.35 * Math.sin(5 * phase) + 0.15 * Math.sin(9 * phase);
		const syllable = Math.max(0, wave(syllablesPerSecond, index)) * (0.65 + 0.35 * wave(0.9, index));
		return Math.round(7_000 * vowel * syllable);
	});
}

/** Two tones mixed, faded at both ends so that nothing clicks. */
function twoTones(low: number, high: number, seconds: number): Int16Array {
	const length = samples(seconds);
	const fade = samples(0.02);
	return Int16Array.from({ length }, (_, index) => {
		const envelope = Math.min(1, index / fade, (length - 1 - index) / fade);
		return Math.round(6_000 * envelope * (wave(low, index) + wave(high, index)) * 0.6);
	});
}

/** wavefile does the companding (ITU-T G.711), once for each of the 65 536 possible samples: 200 calls then take a blink. */
function compandingTable(codec: 'mulaw' | 'alaw'): Uint8Array {
	const everySample = Int16Array.from({ length: 65_536 }, (_, index) => index);
	const file = new WaveFile();
	file.fromScratch(1, SAMPLE_RATE, '16', everySample);
	if (codec === 'mulaw') file.toMuLaw();
	else file.toALaw();
	return Uint8Array.from(file.getSamples(false, Uint8Array));
}

export function soundLibrary(): SoundLibrary {
	return {
		agents: [babble(118, 3.1), babble(205, 3.6), babble(142, 2.7)],
		customers: [babble(96, 2.9), babble(188, 3.3), babble(224, 3.9), babble(131, 2.5)],
		ring: twoTones(440, 480, RING_SECONDS),
		beep: twoTones(950, 1_400, BEEP_SECONDS),
		companding: { mulaw: compandingTable('mulaw'), alaw: compandingTable('alaw') },
	};
}

/** Who is heard when: the phone rings, agent and customer take turns, a beep marks the wrap-up. One track a side. */
function twoSides(call: PlannedCall, sounds: SoundLibrary, random: SeededRandom): readonly [Int16Array, Int16Array] {
	const length = samples(call.durationSeconds);
	const agent = new Int16Array(length);
	const customer = new Int16Array(length);
	customer.set(sounds.ring);
	const voices = [random.pick(sounds.agents), random.pick(sounds.customers)] as const;
	const talkEnds = length - sounds.beep.length;
	let agentSpeaks = true;
	for (let at = sounds.ring.length; at < talkEnds; agentSpeaks = !agentSpeaks) {
		const turn = Math.min(random.between(samples(0.7), samples(1.8)), talkEnds - at);
		const voice = agentSpeaks ? voices[0] : voices[1];
		const from = random.between(0, voice.length - turn);
		(agentSpeaks ? agent : customer).set(voice.subarray(from, from + turn), at);
		at += turn;
	}
	agent.set(sounds.beep, talkEnds);
	return [agent, customer];
}

/** Stereo keeps agent and customer apart, left and right; mono mixes them (only one side sounds at a time). */
function interleave(sides: readonly [Int16Array, Int16Array], channels: 1 | 2): Int16Array {
	const [agent, customer] = sides;
	if (channels === 1) {
		const mixed = new Int16Array(agent.length);
		for (let index = 0; index < mixed.length; index++) mixed[index] = (agent[index] ?? 0) + (customer[index] ?? 0);
		return mixed;
	}
	const both = new Int16Array(agent.length * 2);
	for (let index = 0; index < agent.length; index++) {
		both[index * 2] = agent[index] ?? 0;
		both[index * 2 + 1] = customer[index] ?? 0;
	}
	return both;
}

function encode(pcm: Int16Array, codec: CallCodec, sounds: SoundLibrary): Buffer {
	if (codec === 'pcm') {
		const bytes = Buffer.alloc(pcm.length * 2);
		for (let index = 0; index < pcm.length; index++) bytes.writeInt16LE(pcm[index] ?? 0, index * 2);
		return bytes;
	}
	const table = sounds.companding[codec];
	const bytes = Buffer.alloc(pcm.length);
	for (let index = 0; index < pcm.length; index++) bytes[index] = table[(pcm[index] ?? 0) & 0xffff] ?? 0;
	return bytes;
}

function chunk(id: string, body: Buffer): Buffer {
	const head = Buffer.alloc(8);
	head.write(id, 'latin1');
	head.writeUInt32LE(body.length, 4);
	return Buffer.concat([head, body]);
}

/** RIFF with `fmt `, for companded audio `fact`, and `data`, as Microsoft's WAVE format revision of 1994 asks for. */
function wavFile(data: Buffer, codec: CallCodec, channels: 1 | 2): Buffer {
	const bytesPerSample = codec === 'pcm' ? 2 : 1;
	const blockAlign = channels * bytesPerSample;
	const format = Buffer.alloc(codec === 'pcm' ? 16 : 18);
	format.writeUInt16LE(FORMAT_TAGS[codec], 0);
	format.writeUInt16LE(channels, 2);
	format.writeUInt32LE(SAMPLE_RATE, 4);
	format.writeUInt32LE(SAMPLE_RATE * blockAlign, 8);
	format.writeUInt16LE(blockAlign, 12);
	format.writeUInt16LE(bytesPerSample * 8, 14);
	const fact = Buffer.alloc(4);
	fact.writeUInt32LE(data.length / blockAlign);
	const chunks = codec === 'pcm' ? [chunk('fmt ', format)] : [chunk('fmt ', format), chunk('fact', fact)];
	return chunk('RIFF', Buffer.concat([Buffer.from('WAVE', 'latin1'), ...chunks, chunk('data', data)]));
}

/** The WAV file of a call: ring, a conversation without words, a beep; as long as the plan says. */
export function callAudio(call: PlannedCall, sounds: SoundLibrary, random: SeededRandom): Buffer {
	const pcm = interleave(twoSides(call, sounds, random), call.channels);
	return wavFile(encode(pcm, call.codec, sounds), call.codec, call.channels);
}
