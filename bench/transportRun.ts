import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { PROJECT_ROOT } from '../testbed/n8nHost/projectPaths';
import type { ConnectionSettings } from '../transport/connectionSettings';
import type { RemoteEntry } from '../transport/remoteStore';
import { cpuSecondsOf, peakMegabytesOf, resetPeakMemory, type Cost } from './processCost';

/** What the parent process asks for. */
export interface TransportOrder {
	readonly settings: ConnectionSettings;
	readonly directory: string;
	/** Files written here; empty throws the bytes away. */
	readonly destination: string;
	readonly filesInFlight: number;
}

export interface TransportResult extends Cost {
	readonly files: number;
	readonly bytes: number;
	/** Milliseconds from asking for a file to having all of it. */
	readonly medianFileMilliseconds: number;
}

type Transport = typeof import('../transport/openStore') &
	typeof import('../transport/resumingStore') &
	typeof import('../transport/verifiedRead');

/** The compiled transport that n8n would load: what runs TypeScript on the fly adds work to every function. */
function shippedTransport(): Transport {
	const load = createRequire(join(PROJECT_ROOT, 'dist', 'transport', 'openStore.js'));
	return { ...load('./openStore'), ...load('./resumingStore'), ...load('./verifiedRead') };
}

const { openStore, ResumingStore, VerifiedRead } = shippedTransport();
type Store = InstanceType<typeof ResumingStore>;

const RETRIES = 5;

async function fetchFile(store: Store, entry: RemoteEntry, destination: string): Promise<number> {
	const size = entry.size ?? 0;
	const { stream } = store.readReported(entry.path, { size }, entry);
	const verified = new VerifiedRead({ path: entry.path, size, checksum: 'sha256' });
	const sink =
		destination === ''
			? new Writable({ write: (_chunk, _encoding, done) => done() })
			: createWriteStream(join(destination, entry.name));
	await pipeline(stream, verified, sink);
	return verified.bytes;
}

async function run({ settings, directory, destination, filesInFlight }: TransportOrder): Promise<TransportResult> {
	resetPeakMemory('self');
	const cpuBefore = cpuSecondsOf('self');
	const begun = performance.now();
	const store = new ResumingStore(openStore(settings), { retries: RETRIES });
	const entries = (await store.list(directory)).filter(({ type }) => type === 'file');
	const milliseconds: number[] = [];
	let bytes = 0;
	let next = 0;
	const work = async (): Promise<void> => {
		for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
			const fileBegun = performance.now();
			const fetched = await fetchFile(store, entry, destination);
			bytes += fetched;
			milliseconds.push(performance.now() - fileBegun);
		}
	};
	await Promise.all(Array.from({ length: filesInFlight }, work));
	const seconds = (performance.now() - begun) / 1_000;
	const cpuSeconds = cpuSecondsOf('self') - cpuBefore;
	const peakMegabytes = peakMegabytesOf('self');
	await store.close();
	const medianFileMilliseconds = milliseconds.sort((a, b) => a - b)[Math.floor(milliseconds.length / 2)] ?? 0;
	return { seconds, cpuSeconds, peakMegabytes, files: entries.length, bytes, medianFileMilliseconds };
}

/** Runs in a process of its own, so that processor time and memory are the transport's alone. */
async function main(): Promise<void> {
	const order: TransportOrder = JSON.parse(process.env['TRANSPORT_ORDER'] ?? '{}');
	console.log(JSON.stringify(await run(order)));
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
