import { Mp3Conversion } from '../../../audio/mp3Conversion';
import { planMp3 } from '../../../audio/mp3Plan';

const SOUND = {
	...{ codec: 'pcm', channels: 1, bitsPerSample: 16, frameBytes: 2, isLittleEndian: true, sampleRate: 8_000 },
	...{ from: 0, bytes: 1_000_000 },
};

let steps = 0;

/** Counts how often anything asks an array for its next element, and has V8 ask so for good, as it does in n8n. */
function countSteps(): void {
	const prototype = Object.getPrototypeOf([][Symbol.iterator]()) as Iterator<unknown>;
	const { next } = prototype;
	prototype.next = function (...args) {
		steps += 1;
		return next.apply(this, args);
	};
}

async function convert(): Promise<number> {
	const conversion = new Mp3Conversion(() => ({ sound: SOUND, plan: planMp3(SOUND, { bitrate: 0, isMono: false }) }));
	conversion.end(Buffer.alloc(SOUND.bytes));
	let bytes = 0;
	for await (const mp3 of conversion) bytes += (mp3 as Buffer).length;
	return bytes;
}

countSteps();
void convert().then((mp3Bytes) => console.log(JSON.stringify({ soundBytes: SOUND.bytes, mp3Bytes, steps })));
