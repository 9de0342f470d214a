import { once } from 'node:events';
import type { Readable } from 'node:stream';

import type { INodeExecutionData } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DownloadRecording } from '../../../nodes/DownloadRecording/DownloadRecording.node';
import { MemoryStore } from './memoryStore';
import { credential, runNode, useBinaryStore } from './runNode';
import type { NodeResult, NodeRun } from './runNode';
import { serveFrom } from './servedStore';

let store = new MemoryStore();
serveFrom(() => store);

const MIB = 1_048_576;
/** What Download Recording lets n8n hold whole at once. */
const BOUND = 128 * MIB;
const block = Buffer.alloc(200 * MIB);

/** n8n's database as far as a stream is concerned: it collects a file whole before it stores it. Counts what it holds. */
class CollectingStore {
	held = 0;

	mostHeld = 0;

	mostFiles = 0;

	/** The largest number of files held beside one of these bytes. */
	beside = new Map<number, number>();

	readonly #files = new Set<{ bytes: number }>();

	async store(_location: unknown, stream: Readable): Promise<{ fileId: string; fileSize: number }> {
		const file = { bytes: 0 };
		this.#files.add(file);
		this.mostFiles = Math.max(this.mostFiles, this.#files.size);
		stream.on('data', (chunk: Buffer) => {
			file.bytes += chunk.length;
			this.held += chunk.length;
			this.mostHeld = Math.max(this.mostHeld, this.held);
		});
		try {
			await once(stream, 'end');
			this.beside.set(file.bytes, this.#files.size - 1);
			return { fileId: `${this.#files.size}`, fileSize: file.bytes };
		} finally {
			this.held -= file.bytes;
			this.#files.delete(file);
		}
	}
}

let database = new CollectingStore();

function put(path: string, bytes: number, statedSize?: number): void {
	store.files.set(path, { bytes: block.subarray(0, bytes), ...(statedSize === undefined ? {} : { statedSize }) });
}

function itemsOf(paths: readonly string[]): INodeExecutionData[] {
	return paths.map((path) => ({ json: { path } }));
}

async function run(paths: readonly string[], more: Partial<NodeRun> = {}): Promise<NodeResult> {
	return await runNode(new DownloadRecording(), {
		parameters: { download: 'file', path: '={{ $json.path }}', options: { checksum: 'none' } },
		credential: { ...credential, maxConnections: 32 },
		items: itemsOf(paths),
		...more,
	});
}

const pathOf = ({ json }: INodeExecutionData): unknown => (json['download'] as { path: string } | undefined)?.path;

beforeEach(async () => {
	vi.spyOn(Math, 'random').mockReturnValue(0);
	vi.stubEnv('N8N_DEFAULT_BINARY_DATA_MODE', 'database');
	store = new MemoryStore();
	database = new CollectingStore();
	const service = await useBinaryStore('database');
	service.setManager('database', database as never);
});

afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

describe('Download Recording into the database', () => {
	it('holds no more bytes at once than the bound, and keeps the order of the items', async () => {
		const paths = Array.from({ length: 12 }, (_, i) => `large${i}.bin`);
		for (const path of paths) put(path, 30 * MIB);
		const { output } = await run(paths);
		expect(output.map(pathOf)).toEqual(paths);
		expect(output[0]?.binary?.['data']?.id).toMatch(/^database:/);
		expect(database.mostFiles).toBe(4);
		expect(database.mostHeld).toBeLessThanOrEqual(BOUND);
		expect(database.held).toBe(0);
	});

	it('takes a file that is larger than the bound alone', async () => {
		const paths = ['a.bin', 'b.bin', 'large.bin', 'c.bin', 'd.bin'];
		for (const path of paths) put(path, path === 'large.bin' ? 150 * MIB : MIB);
		const { output } = await run(paths);
		expect(output.map(pathOf)).toEqual(paths);
		expect(database.beside.get(150 * MIB)).toBe(0);
		expect(database.mostFiles).toBe(2);
	});

	it('has small files in flight as many as ever', async () => {
		const paths = Array.from({ length: 40 }, (_, i) => `small${i}.bin`);
		for (const path of paths) put(path, 100_000);
		await run(paths);
		expect(database.mostFiles).toBeGreaterThanOrEqual(16);
	});

	it('shares the bound among the executions of a process', async () => {
		const paths = Array.from({ length: 4 }, (_, i) => `large${i}.bin`);
		for (const path of paths) put(path, 40 * MIB);
		const outputs = await Promise.all([run(paths), run(paths), run(paths)]);
		for (const { output } of outputs) expect(output.map(pathOf)).toEqual(paths);
		expect(database.mostFiles).toBe(3);
		expect(database.mostHeld).toBeLessThanOrEqual(BOUND);
	});

	it('refuses what n8n would not store before it reads any of it, and goes on with the others', async () => {
		const paths = ['a.bin', 'huge.bin', 'b.bin'];
		for (const path of paths) put(path, MIB);
		put('huge.bin', MIB, 600 * MIB);
		const { output } = await run(paths, { onError: 'continueErrorOutput' });
		expect(output.map(pathOf)).toEqual(['a.bin', undefined, 'b.bin']);
		expect(output[1]?.json['error']).toMatch(
			/^huge\.bin is 600\.0 MB, more than the 512 MB that n8n keeps in its database.*N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE to 600 or more/s,
		);
		expect(store.requests).not.toContain('read huge.bin');
		vi.stubEnv('N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE', '700');
		await expect(run(['huge.bin'], { parameters: { ...raw, options: { retries: 0 } } })).rejects.toThrow(
			'bytes arrived',
		);
	});

	const raw = { download: 'file', path: '={{ $json.path }}' };

	it('goes on after files that failed, whose room is free again', async () => {
		const paths = Array.from({ length: 12 }, (_, i) => `large${i}.bin`);
		// Each but the last is cut short on the server.
		for (const [i, path] of paths.entries()) put(path, MIB, i < 11 ? 100 * MIB : MIB);
		const parameters = { ...raw, options: { retries: 0, checksum: 'none' } };
		const { output } = await run(paths, { parameters, onError: 'continueErrorOutput' });
		expect(output.map(({ json }) => json['error'] === undefined)).toEqual(paths.map((_, i) => i === 11));
		expect((await run(['large11.bin'])).output).toHaveLength(1);
	});

	it('ends at once when it is cancelled while others have all the room', async () => {
		put('hanging.bin', MIB, 120 * MIB);
		put('waiting.bin', 20 * MIB);
		store.hanging.add('hanging.bin');
		const first = new AbortController();
		const second = new AbortController();
		const holding = run(['hanging.bin'], { signal: first.signal });
		await vi.waitFor(() => expect(store.openReads).toBe(1));
		const waiting = run(['waiting.bin'], { signal: second.signal });
		await vi.waitFor(() => expect(store.requests).toContain('stat waiting.bin'));
		second.abort();
		await expect(waiting).rejects.toThrow('was stopped before');
		expect(store.requests).not.toContain('read waiting.bin');
		first.abort();
		await expect(holding).rejects.toThrow();
		expect((await run(['waiting.bin'])).output).toHaveLength(1);
	});
});

describe('Download Recording into files', () => {
	it('has large files in flight side by side, because n8n streams them', async () => {
		vi.stubEnv('N8N_DEFAULT_BINARY_DATA_MODE', 'filesystem');
		const service = await useBinaryStore('filesystem');
		service.setManager('filesystem-v2', database as never);
		const paths = Array.from({ length: 6 }, (_, i) => `large${i}.bin`);
		for (const path of paths) put(path, 40 * MIB);
		await run(paths);
		expect(database.mostFiles).toBe(6);
		expect(database.mostHeld).toBeGreaterThan(BOUND);
	});
});
