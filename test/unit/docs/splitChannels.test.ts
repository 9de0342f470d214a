import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { WaveFile } from 'wavefile';
import { describe, expect, it } from 'vitest';

const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'audio.md'), 'utf8');
const code =
	/<!-- split-channels:start .*?-->\s*```js\n([\s\S]*?)```\s*<!-- split-channels:end -->/.exec(page)?.[1] ?? '';

interface Side {
	readonly json: { readonly fileName: string; readonly channel: number };
	readonly binary: { readonly data: { readonly bytes: Buffer; readonly name: string } };
	readonly pairedItem: number;
}

/** Runs the recipe as n8n's Code node does: as the body of a function, with the items and the helpers. */
async function split(files: readonly Buffer[]): Promise<readonly Side[]> {
	const items = files.map((_, index) => ({ json: { fileName: `R${index}.WAV`, recordingId: `S1/R${index}.WAV` } }));
	const run: (this: unknown) => Promise<readonly Side[]> = runInNewContext(`(async function () {${code}})`, {
		$input: { all: () => items },
		Buffer,
	});
	return await run.call({
		helpers: {
			getBinaryDataBuffer: async (index: number) => await Promise.resolve(files[index]),
			prepareBinaryData: async (bytes: Buffer, name: string) => await Promise.resolve({ bytes, name }),
		},
	});
}

/** Two sides that cannot be mistaken for each other, in a WAV of one codec. */
function stereo(codec: '16' | 'mulaw' | 'alaw'): { readonly file: Buffer; readonly wav: WaveFile } {
	const length = 4_001;
	const wave = (hertz: number) => Int16Array.from({ length }, (_, i) => 9_000 * Math.sin((i * hertz) / 1_273));
	const wav = new WaveFile();
	wav.fromScratch(2, 8_000, '16', [wave(440), wave(1_200)]);
	if (codec === 'mulaw') wav.toMuLaw();
	if (codec === 'alaw') wav.toALaw();
	return { file: Buffer.from(wav.toBuffer()), wav };
}

describe('the recipe that splits channels', () => {
	it.each(['16', 'mulaw', 'alaw'] as const)(
		'gives each side of a recording by itself, as it was: %s',
		async (codec) => {
			const { file, wav } = stereo(codec);
			const both = wav.getSamples(true);
			const sides = await split([file]);
			expect(sides.map(({ json }) => json.channel)).toEqual([1, 2]);
			expect(sides.map(({ binary }) => binary.data.name)).toEqual(['R0-1.wav', 'R0-2.wav']);
			for (const [index, { binary }] of sides.entries()) {
				const side = new WaveFile(binary.data.bytes);
				expect(side.fmt).toMatchObject({
					numChannels: 1,
					sampleRate: 8_000,
					bitsPerSample: wav.bitDepth === '16' ? 16 : 8,
				});
				expect([...side.getSamples(false)]).toEqual([...both.filter((_, position) => position % 2 === index)]);
			}
		},
	);

	it('pairs the sides with their recordings', async () => {
		const { file } = stereo('mulaw');
		const sides = await split([file, file]);
		expect(sides.map(({ pairedItem, json }) => [pairedItem, json.channel])).toEqual([
			[0, 1],
			[0, 2],
			[1, 1],
			[1, 2],
		]);
	});

	it('names a recording that has no two channels', async () => {
		const wav = new WaveFile();
		wav.fromScratch(1, 8_000, '16', new Int16Array(100));
		await expect(split([stereo('16').file, Buffer.from(wav.toBuffer())])).rejects.toThrow(
			'S1/R1.WAV does not have two channels',
		);
	});
});
