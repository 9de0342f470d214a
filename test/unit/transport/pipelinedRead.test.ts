import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
	PipelinedRead,
	type PipelinedReadOptions,
	type ReadAnswer,
	type ReadChannel,
	type ReadPace,
	type StateAnswer,
} from '../../../transport/sftp/pipelinedRead';
import { TransportError } from '../../../transport/transportError';
import { fuzzRuns } from '../fuzzRuns';

const HANDLE = Buffer.from('handle');

interface Asked {
	readonly position: number;
	readonly length: number;
	readonly answer: (answer: ReadAnswer) => void;
}

/** A server with one file, that answers READs when the test says so. */
class FakeChannel implements ReadChannel {
	pace: ReadPace;

	readonly asked: Asked[] = [];

	readonly closed: Buffer[] = [];

	openings = 0;

	released = 0;

	bursts = 0;

	/** Bytes asked for and not answered, at most. */
	mostInFlight = 0;

	inFlight = 0;

	openAnswer: Promise<Buffer> = Promise.resolve(HANDLE);

	state: StateAnswer;

	/** What its directory says of the file; nothing, as on a server that lists no sizes. */
	listedSize: number | undefined;

	/** How long one answer is at most; servers may always give less than asked. */
	longestAnswer = Infinity;

	/** Called for each READ; by default it is answered in the next turn, in order. */
	onRead: (asked: Asked) => void = (asked) => {
		setImmediate(() => this.answer(asked));
	};

	onState: (answer: () => void) => void = (answer) => {
		setImmediate(answer);
	};

	constructor(
		readonly file: Buffer,
		chunkSize = 1_000,
	) {
		this.pace = { chunkSize, isInOrder: false };
		this.state = { state: { size: file.length, isDirectory: false } };
	}

	answer({ position, length, answer }: Asked): void {
		const data = this.file.subarray(position, position + Math.min(length, this.longestAnswer));
		answer(data.length === 0 ? { isEnd: true } : { data });
	}

	adapt(pace: ReadPace): void {
		this.pace = pace;
	}

	open(): Promise<Buffer> {
		this.openings += 1;
		return this.openAnswer;
	}

	fstat(_handle: Buffer, _path: string, answer: (answer: StateAnswer) => void): void {
		this.onState(() => answer(this.state));
	}

	read(handle: Buffer, _path: string, position: number, length: number, answer: (answer: ReadAnswer) => void): void {
		if (handle !== HANDLE || this.closed.length >= this.openings) throw new Error('A READ without an open handle');
		this.inFlight += length;
		this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
		const asked: Asked = {
			position,
			length,
			answer: (given) => {
				this.inFlight -= length;
				answer(given);
			},
		};
		this.asked.push(asked);
		this.onRead(asked);
	}

	close(handle: Buffer): void {
		this.closed.push(handle);
	}

	burst(send: () => void): void {
		this.bursts += 1;
		send();
	}

	stream(options: Partial<PipelinedReadOptions> = {}): PipelinedRead {
		const release = (): void => {
			this.released += 1;
		};
		return new PipelinedRead({
			path: 'S20160607/R1.wav',
			server: 'files.example.com:22',
			acquire: () =>
				Promise.resolve({
					...{ channel: this, release },
					diedResting: () => false,
					explain: async (refusal) => await Promise.resolve(refusal),
					listedSize: async () => await Promise.resolve(this.listedSize),
				}),
			...options,
		});
	}
}

async function drain(stream: PipelinedRead): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

async function codeOf(stream: PipelinedRead): Promise<string> {
	return drain(stream).then(
		(bytes) => `a clean end after ${bytes.length} bytes`,
		(error: unknown) => (error instanceof TransportError ? error.code : String(error)),
	);
}

function expectGivenBack(channel: FakeChannel): void {
	expect(channel.closed).toEqual([HANDLE]);
	expect(channel.released).toBe(1);
}

describe('a pipelined read', () => {
	test('asks for the state and for all bytes in one burst, when the size is stated', async () => {
		const channel = new FakeChannel(randomBytes(10_500));
		channel.onRead = () => undefined;
		const stream = channel.stream({ size: 10_500 });
		stream.read(0);
		await nextTurn();
		expect(channel.asked.map(({ position, length }) => [position, length])).toEqual([
			...Array.from({ length: 10 }, (_, n) => [n * 1_000, 1_000]),
			[10_000, 500],
		]);
		for (const asked of channel.asked) channel.answer(asked);
		expect(channel.file.equals(await drain(stream))).toBe(true);
		expectGivenBack(channel);
	});

	test('delivers in order what is answered in any order, in any pieces, from any start', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({
					size: fc.integer({ min: 0, max: 30_000 }),
					longestAnswer: fc.constantFrom(Infinity, 999, 512, 700, 1_000),
					chunkSize: fc.constantFrom(1_000, 1_024, 3_333, 40_000),
					budget: fc.constantFrom(4_000, 10_000, 2_097_152),
					start: fc.nat(30_000),
					isStated: fc.boolean(),
					isStateLate: fc.boolean(),
					seed: fc.nat(),
				}),
				async ({ size, longestAnswer, chunkSize, budget, start: from, isStated, isStateLate, seed }) => {
					const start = Math.min(from, size);
					const channel = new FakeChannel(randomBytes(size), chunkSize);
					channel.longestAnswer = longestAnswer;
					const waiting: Asked[] = [];
					let random = seed + 1;
					const answerOne = (): void => {
						random = (random * 16_807) % 2_147_483_647;
						const [one] = waiting.splice(random % Math.max(1, waiting.length), 1);
						if (one !== undefined) channel.answer(one);
					};
					channel.onRead = (asked) => {
						waiting.push(asked);
						setImmediate(answerOne);
					};
					if (isStateLate) channel.onState = (answer) => setTimeout(answer, 3);
					const stream = channel.stream({ start, budget, ...(isStated ? { size } : {}) });
					expect((await drain(stream)).equals(channel.file.subarray(start))).toBe(true);
					expectGivenBack(channel);
					expect(channel.mostInFlight).toBeLessThanOrEqual(budget);
				},
			),
			fuzzRuns(80),
		);
	});

	test('short answers make it ask for less from then on', async () => {
		const channel = new FakeChannel(randomBytes(400_000), 10_000);
		channel.longestAnswer = 4_000;
		const stream = channel.stream({ size: 400_000, budget: 20_000 });
		expect(channel.file.equals(await drain(stream))).toBe(true);
		expect(channel.asked.at(-1)?.length).toBeLessThanOrEqual(4_000);
		expect(channel.asked.length).toBeLessThan(120);
	});

	test('asks for more only as the reader takes bytes', async () => {
		const channel = new FakeChannel(randomBytes(500_000), 10_000);
		const stream = channel.stream({ size: 500_000, budget: 100_000 });
		await new Promise((resolve) => stream.once('readable', resolve));
		await pause(20);
		const asked = channel.asked.reduce((sum, { length }) => sum + length, 0);
		expect(asked).toBeLessThanOrEqual(100_000 + stream.readableHighWaterMark + 10_000);
		expect(stream.readableLength).toBeLessThanOrEqual(stream.readableHighWaterMark + 10_000);
		expect(channel.file.equals(await drain(stream))).toBe(true);
	});

	test('sends nothing before somebody reads', async () => {
		const channel = new FakeChannel(randomBytes(10));
		let acquired = 0;
		const stream = channel.stream({
			acquire: () => {
				acquired += 1;
				return Promise.reject(new TransportError('closed', 'closed'));
			},
		});
		await nextTurn();
		expect(acquired).toBe(0);
		stream.destroy();
	});
});

describe('a file that is not what was stated', () => {
	test('an early end is a size-mismatch, after the bytes that came', async () => {
		const channel = new FakeChannel(randomBytes(5_500));
		channel.state = { state: { size: 8_000, isDirectory: false } };
		const stream = channel.stream({ size: 8_000 });
		let received = 0;
		stream.on('data', (chunk: Buffer) => {
			received += chunk.length;
		});
		const error = await new Promise<Error>((resolve) => stream.once('error', resolve));
		expect(error).toMatchObject({ code: 'size-mismatch', path: 'S20160607/R1.wav' });
		expect(error.message).toContain('5500 of 8000');
		expect(received).toBe(5_000);
		expectGivenBack(channel);
	});

	test('a file that shrinks to nothing while it is read ends with an error, not with endless requests', async () => {
		const channel = new FakeChannel(randomBytes(0));
		channel.state = { state: { size: 8_000, isDirectory: false } };
		expect(await codeOf(channel.stream())).toBe('size-mismatch');
		expect(channel.asked.length).toBeLessThan(600);
	});

	test.each([
		[100, 200],
		[200, 100],
		[0, 1],
		[1, 0],
	])('stated %i, has %i: no byte is delivered', async (size, real) => {
		const channel = new FakeChannel(randomBytes(real));
		const stream = channel.stream({ size });
		let received = 0;
		stream.on('data', (chunk: Buffer) => {
			received += chunk.length;
		});
		const error = await new Promise<Error>((resolve) => stream.once('error', resolve));
		expect([error, received]).toMatchObject([{ code: 'size-mismatch' }, 0]);
		expectGivenBack(channel);
	});

	test('a start after the end is a size-mismatch, a start at the end a clean end', async () => {
		expect(await codeOf(new FakeChannel(randomBytes(100)).stream({ start: 101 }))).toBe('size-mismatch');
		expect(await codeOf(new FakeChannel(randomBytes(100)).stream({ start: 101, size: 100 }))).toBe('size-mismatch');
		expect(await codeOf(new FakeChannel(randomBytes(100)).stream({ start: 100 }))).toBe('a clean end after 0 bytes');
	});

	test('more bytes than asked for break the protocol', async () => {
		const channel = new FakeChannel(randomBytes(5_000));
		channel.onRead = ({ length, answer }) => setImmediate(answer, { data: Buffer.alloc(length + 1) });
		expect(await codeOf(channel.stream({ size: 5_000 }))).toBe('protocol');
	});

	test('a directory is not a file, even when its reads fail first', async () => {
		const channel = new FakeChannel(randomBytes(0));
		channel.state = { state: { size: 4_096, isDirectory: true } };
		channel.onRead = ({ answer }) => answer({ error: new TransportError('protocol', 'Failure') });
		expect(await codeOf(channel.stream())).toBe('not-a-file');
	});
});

describe('a server that refuses FSTAT', () => {
	const refusal: StateAnswer = { error: new TransportError('protocol', 'Unsupported') };

	test('is asked for one byte after a stated size', async () => {
		const channel = new FakeChannel(randomBytes(5_000));
		channel.state = refusal;
		expect(channel.file.equals(await drain(channel.stream({ size: 5_000 })))).toBe(true);
		expect(
			await codeOf(Object.assign(new FakeChannel(randomBytes(5_001)), { state: refusal }).stream({ size: 5_000 })),
		).toBe('size-mismatch');
		expect(
			await codeOf(Object.assign(new FakeChannel(randomBytes(4_999)), { state: refusal }).stream({ size: 5_000 })),
		).toBe('size-mismatch');
	});

	test('cannot serve a file whose size nobody knows', async () => {
		expect(await codeOf(Object.assign(new FakeChannel(randomBytes(5_000)), { state: refusal }).stream())).toBe(
			'protocol',
		);
		const sizeless: StateAnswer = { state: { size: undefined, isDirectory: false } };
		expect(await codeOf(Object.assign(new FakeChannel(randomBytes(5_000)), { state: sizeless }).stream())).toBe(
			'protocol',
		);
	});
});

describe('failing and stopping', () => {
	test('bytes before a failed READ are delivered, then the failure', async () => {
		const channel = new FakeChannel(randomBytes(5_000));
		channel.onRead = (asked) => {
			if (asked.position === 3_000) asked.answer({ error: new TransportError('stalled', 'no answer') });
			else setImmediate(() => channel.answer(asked));
		};
		const stream = channel.stream({ size: 5_000 });
		let received = 0;
		stream.on('data', (chunk: Buffer) => {
			received += chunk.length;
		});
		const error = await new Promise<Error>((resolve) => stream.once('error', resolve));
		expect([error, received]).toMatchObject([{ code: 'stalled' }, 3_000]);
		expectGivenBack(channel);
	});

	test('a refused OPEN fails the stream and returns the connection', async () => {
		const channel = new FakeChannel(randomBytes(5));
		channel.openAnswer = Promise.reject(new TransportError('not-found', 'none'));
		expect(await codeOf(channel.stream())).toBe('not-found');
		expect([channel.closed.length, channel.released]).toEqual([0, 1]);
	});

	test('destroyed while OPEN is on its way, it closes the handle when it arrives', async () => {
		const channel = new FakeChannel(randomBytes(5));
		let open: (handle: Buffer) => void = () => undefined;
		channel.openAnswer = new Promise((resolve) => {
			open = resolve;
		});
		const stream = channel.stream();
		stream.read(0);
		await nextTurn();
		stream.destroy();
		await nextTurn();
		expect(channel.closed).toEqual([]);
		open(HANDLE);
		await nextTurn();
		expectGivenBack(channel);
		expect(channel.asked).toEqual([]);
	});

	test('destroyed while it waits for a connection, it returns it unused', async () => {
		const channel = new FakeChannel(randomBytes(5));
		const stream = channel.stream();
		stream.read(0);
		stream.destroy();
		await nextTurn();
		expect([channel.closed.length, channel.released]).toEqual([0, 1]);
	});

	test('aborted in the middle, it fails at once, closes the handle, and ignores late answers', async () => {
		const channel = new FakeChannel(randomBytes(50_000));
		const waiting: Asked[] = [];
		channel.onRead = (asked) => {
			if (asked.position < 5_000) channel.answer(asked);
			else waiting.push(asked);
		};
		const abort = new AbortController();
		const stream = channel.stream({ size: 50_000, signal: abort.signal });
		stream.once('data', () => abort.abort());
		expect(await codeOf(stream)).toBe('aborted');
		expectGivenBack(channel);
		for (const asked of waiting) channel.answer(asked);
		await nextTurn();
		expectGivenBack(channel);
	});

	test('a signal aborted before fails it without a connection', async () => {
		const channel = new FakeChannel(randomBytes(5));
		expect(await codeOf(channel.stream({ signal: AbortSignal.abort() }))).toBe('aborted');
		expect(channel.released).toBe(0);
	});

	test('the handle is given back as soon as all bytes are handed over, not when the reader is done', async () => {
		const channel = new FakeChannel(randomBytes(5_000));
		const stream = channel.stream({ size: 5_000 });
		await new Promise((resolve) => stream.once('readable', resolve));
		await pause(5);
		expectGivenBack(channel);
		expect(channel.file.equals(await drain(stream))).toBe(true);
	});
});
