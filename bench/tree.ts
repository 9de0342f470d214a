import { createCipheriv, createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { seededRandom } from '../testbed/tenant/seededRandom';

/** What a tree is to hold. One directory, as a tenant's UTC directory is. */
export interface TreePlan {
	/** Name of its directory below the server's root. */
	readonly name: string;
	/** What the pages call it. */
	readonly label: string;
	/** Bytes of each file. */
	readonly sizes: readonly number[];
	/** What is heard: noise in one channel, which nothing compresses, or two people who talk by turns, one in each of two. */
	readonly sound?: 'noise' | 'speech';
}

export interface TreeFile {
	readonly name: string;
	readonly bytes: number;
	/** Lower-case hexadecimal. */
	readonly sha256: string;
}

/** A tree that lies on the disk. */
export interface Tree {
	readonly name: string;
	readonly label: string;
	/** Where it lies on this machine. */
	readonly directory: string;
	readonly files: readonly TreeFile[];
	readonly bytes: number;
}

const KILOBYTE = 1_000;
const MEGABYTE = 1_000_000;
const BLOCK = 4 * MEGABYTE;
const HEADER_BYTES = 44;
const SAMPLE_RATE = 8_000;
const CONVERSATION_SECONDS = 64;

const same = (count: number, bytes: number): number[] => Array.from({ length: count }, () => bytes);

/** A normal deviate (Box and Muller). */
function normal(next: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** Sizes as call recordings have them: log-normal with a median of 0.7 MB, from 0.06 to 10 MB, `total` bytes in all. */
export function recordingSizes(count: number, total: number): number[] {
	const { next } = seededRandom(`recording sizes ${count}`);
	const drawn = Array.from({ length: count }, () =>
		Math.min(10 * MEGABYTE, Math.max(0.06 * MEGABYTE, 0.7 * MEGABYTE * Math.exp(0.81 * normal(next)))),
	);
	const scale = total / drawn.reduce((sum, size) => sum + size, 0);
	// Whole samples of two bytes, in two channels as well as in one.
	return drawn.map((size) => 4 * Math.round((size * scale) / 4));
}

/** The directories of so many rounds, one each, with files as a call of a second or two leaves them. */
export function roundPlans(rounds: number, files: number): TreePlan[] {
	return Array.from({ length: rounds }, (_, round) => ({
		name: `round${files}-${round}`,
		label: `round ${round + 1} of ${files} files of 16 kB`,
		sizes: same(files, 16 * KILOBYTE),
	}));
}

/** The measured trees by name. */
export const TREES: Readonly<Record<string, TreePlan>> = Object.fromEntries(
	[
		{ name: 'tiny', label: '20,000 files of 20 kB', sizes: same(20_000, 20 * KILOBYTE) },
		{ name: 'small', label: '5,000 files of 20 kB', sizes: same(5_000, 20 * KILOBYTE) },
		{ name: 'recordings', label: '200 recordings, 195 MB', sizes: recordingSizes(200, 195 * MEGABYTE) },
		{
			name: 'speech',
			label: '200 calls, 195 MB',
			sizes: recordingSizes(200, 195 * MEGABYTE),
			sound: 'speech' as const,
		},
		{ name: 'large', label: '4 files of 500 MB', sizes: same(4, 500 * MEGABYTE) },
		...[20, 200, 1_000, 5_000].map((count) => ({
			name: `megabytes${count}`,
			label: `${count.toLocaleString('en')} files of 1 MB`,
			sizes: same(count, MEGABYTE),
		})),
	].map((plan) => [plan.name, plan]),
);

/** Header of 16 bit PCM at 8 kHz. */
function wavHeader(bytes: number, channels: 1 | 2): Buffer {
	const header = Buffer.alloc(HEADER_BYTES);
	header.write('RIFF', 0, 'latin1');
	header.writeUInt32LE(bytes - 8, 4);
	header.write('WAVEfmt ', 8, 'latin1');
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20);
	header.writeUInt16LE(channels, 22);
	header.writeUInt32LE(SAMPLE_RATE, 24);
	header.writeUInt32LE(SAMPLE_RATE * 2 * channels, 28);
	header.writeUInt16LE(2 * channels, 32);
	header.writeUInt16LE(16, 34);
	header.write('data', 36, 'latin1');
	header.writeUInt32LE(bytes - HEADER_BYTES, 40);
	return header;
}

/** Gives a recording's sound piece by piece: the same each time, unlike any other's. */
type Sound = (length: number) => Buffer;

/** An AES-CTR key stream, which nothing compresses. */
function noise(seed: string): Sound {
	const key = createHash('sha256').update(seed).digest();
	const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
	return (length) => cipher.update(Buffer.alloc(length));
}

/** One person of a call: pulses of the voice through the mouth in syllables, four seconds of eight, and the line's noise throughout. */
function voiceSamples(voice: 0 | 1): Float64Array {
	const { next } = seededRandom(`voice ${voice}`);
	let phase = 0;
	let mouth = 0;
	return Float64Array.from({ length: SAMPLE_RATE * CONVERSATION_SECONDS }, (_, at) => {
		const time = at / SAMPLE_RATE;
		const isSpeaking = Math.floor(time / 4) % 2 === voice;
		const syllable = isSpeaking ? Math.max(0, Math.sin(2 * Math.PI * (3 + voice) * time)) : 0;
		phase = (phase + (120 + 80 * voice + 20 * Math.sin(2 * Math.PI * 0.7 * time)) / SAMPLE_RATE) % 1;
		const breath = 2 * next() - 1;
		mouth = 0.85 * mouth + 0.15 * ((phase < 0.1 ? 2.7 : -0.3) + 0.15 * breath);
		return 16_000 * mouth * syllable + 10 * breath;
	});
}

let conversation: Buffer | undefined;

/** A conversation of a minute over and over, begun somewhere else in each recording. */
function speech(seed: string): Sound {
	const voices = conversation === undefined ? [voiceSamples(0), voiceSamples(1)] : [];
	conversation ??= Buffer.from(
		Int16Array.from({ length: 2 * SAMPLE_RATE * CONVERSATION_SECONDS }, (_, at) =>
			Math.round(voices[at % 2]?.[Math.floor(at / 2)] ?? 0),
		).buffer,
	);
	const minute = conversation;
	let position = 4 * Math.floor((seededRandom(seed).next() * minute.length) / 4);
	return (length) => {
		const piece = Buffer.alloc(length);
		for (let filled = 0; filled < length; ) {
			const copied = minute.copy(piece, filled, position, position + length - filled);
			filled += copied;
			position = (position + copied) % minute.length;
		}
		return piece;
	};
}

async function writeRecording(path: string, bytes: number, channels: 1 | 2, sound: Sound): Promise<string> {
	const hash = createHash('sha256');
	const file = await open(path, 'w');
	try {
		let left = bytes - HEADER_BYTES;
		const parts = [wavHeader(bytes, channels)];
		for (let first = true; first || left > 0; first = false) {
			const length = Math.min(left, BLOCK);
			left -= length;
			parts.push(sound(length));
			const block = Buffer.concat(parts.splice(0));
			hash.update(block);
			await file.writeFile(block);
		}
	} finally {
		await file.close();
	}
	return hash.digest('hex');
}

/** `R` and a UTC stamp, one each second of the day, then the number: legal recording names, in order. */
function fileName(index: number): string {
	const second = index % 86_400;
	const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
	const clock = `${two(second / 3_600)}${two((second % 3_600) / 60)}${two(second % 60)}`;
	return `R20261101${clock}${String(index % 10_000).padStart(4, '0')}.wav`;
}

/**
 * Makes the plan's tree in `root` unless it lies there whole. What it holds is written beside it, last, so that an
 * interrupted run starts anew.
 */
export async function makeTree(plan: TreePlan, root: string): Promise<Tree> {
	const manifest = join(root, `${plan.name}.json`);
	const directory = join(root, plan.name);
	if (existsSync(manifest)) {
		const tree: Tree = JSON.parse(await readFile(manifest, 'utf8'));
		const isAsPlanned =
			tree.files.length === plan.sizes.length && tree.files.every(({ bytes }, i) => bytes === plan.sizes[i]);
		if (isAsPlanned) return { ...tree, label: plan.label, directory };
	}
	await rm(manifest, { force: true });
	await rm(directory, { recursive: true, force: true });
	await mkdir(directory, { recursive: true });
	const files: TreeFile[] = [];
	for (const [index, bytes] of plan.sizes.entries()) {
		const name = fileName(index);
		const seed = `${plan.name} ${index}`;
		const isSpeech = plan.sound === 'speech';
		const sound = isSpeech ? speech(seed) : noise(seed);
		const sha256 = await writeRecording(join(directory, name), bytes, isSpeech ? 2 : 1, sound);
		files.push({ name, bytes, sha256 });
	}
	const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
	const tree: Tree = { name: plan.name, label: plan.label, directory, files, bytes };
	await writeFile(`${manifest}.new`, JSON.stringify(tree));
	await rename(`${manifest}.new`, manifest);
	return tree;
}
