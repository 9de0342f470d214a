import type { ConnectionSettings } from '../transport/connectionSettings';
import { cpuSecondsOf, peakMegabytesOf, resetPeakMemory, type Cost } from './processCost';
import { ShippedTransport } from './shippedTransport';

/** What the parent process asks for. */
export interface TransportOrder {
	/** The directory whose `dist/` is measured. */
	readonly checkout: string;
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

async function run({ checkout, settings, directory, ...how }: TransportOrder): Promise<TransportResult> {
	const transport = new ShippedTransport(checkout);
	resetPeakMemory('self');
	const cpuBefore = cpuSecondsOf('self');
	const begun = performance.now();
	const store = transport.openStore(settings);
	const { bytes, milliseconds } = await transport.fetchDirectory(store, directory, how);
	const seconds = (performance.now() - begun) / 1_000;
	const cpuSeconds = cpuSecondsOf('self') - cpuBefore;
	const peakMegabytes = peakMegabytesOf('self');
	await store.close();
	const medianFileMilliseconds = milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length / 2)] ?? 0;
	return { seconds, cpuSeconds, peakMegabytes, files: milliseconds.length, bytes, medianFileMilliseconds };
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
