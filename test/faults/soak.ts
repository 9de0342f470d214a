import { getEventListeners } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { ConnectionSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import type { RemoteEntry } from '../../transport/remoteStore';
import { ResumingStore } from '../../transport/resumingStore';
import { startScriptedSftp } from '../../testbed/servers/scriptedSftp';
import { startScriptedServer } from '../unit/transport/ftpsScriptedServer';
import { startFaultProxy, type FaultProxy } from './faultProxy';

/**
 * Thousands of small files and hundreds of reconnects over both protocols, in rounds. After each round open file
 * descriptors, listeners and memory are measured; they must be as they were after the first rounds. SOAK_FILES is the
 * number of files for each protocol, SOAK_RECONNECTS the number of times that all connections are broken, SOAK_PROTOCOL
 * (SFTP or FTPS) runs one alone. The exit code is 1 if not flat.
 */
const FILES = Number(process.env['SOAK_FILES'] ?? 5_000);
const RECONNECTS = Number(process.env['SOAK_RECONNECTS'] ?? 300);
const ROUNDS = 10;
/** Rounds in which caches and pools may still grow. */
const WARM_UP = 3;
const MEGABYTE = 1_048_576;
const END_MILLISECONDS = 10_000;
/** Growth after the warm-up that is taken for noise of the collector. */
const SLACK = { descriptors: 4, listeners: 0, heap: 8 * MEGABYTE, resident: 48 * MEGABYTE };

type Figures = Record<keyof typeof SLACK, number>;

interface Server {
	readonly settings: ConnectionSettings;
	readonly proxy: FaultProxy;
	openHandles(): number;
	close(): Promise<void>;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const files = new Map(Array.from({ length: 50 }, (_, n) => [`R${n}.wav`, randomBytes(500 + n * 700)]));
const sums = new Map([...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]));
const warnings: string[] = [];
process.on('warning', (warning) => void warnings.push(`${warning.name}: ${warning.message}`));

async function startSftp(): Promise<Server> {
	const server = await startScriptedSftp({ files: Object.fromEntries(files) });
	const proxy = await startFaultProxy({ port: server.port });
	const settings: ConnectionSettings = {
		protocol: 'sftp',
		host: proxy.host,
		port: proxy.port,
		username: 'tenant',
		password: 'right',
		hostKeyFingerprints: [],
		allowUnknownHostKey: true,
		tenantDirectory: '',
		maxConnections: 4,
	};
	return {
		settings,
		proxy,
		openHandles: server.openHandles,
		close: () => Promise.all([proxy.close(), server.close()]).then(() => undefined),
	};
}

async function startFtps(): Promise<Server> {
	let announce: (port: number) => Promise<number> = (port) => Promise.resolve(port);
	const server = await startScriptedServer({
		mode: 'implicit',
		files: Object.fromEntries([...files].map(([path, bytes]) => [`/${path}`, bytes])),
		announce: (port) => announce(port),
	});
	const proxy = await startFaultProxy({ port: server.settings.port });
	announce = proxy.forwardData;
	const settings = { ...server.settings, port: proxy.port, maxConnections: 4 };
	return {
		settings,
		proxy,
		openHandles: () => 0,
		close: () => Promise.all([proxy.close(), server.close()]).then(() => undefined),
	};
}

function measure(signal: AbortSignal): Figures {
	collect();
	const { heapUsed, rss } = process.memoryUsage();
	const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
	const listeners =
		getEventListeners(signal, 'abort').length +
		process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
	return { descriptors, listeners, heap: heapUsed, resident: rss };
}

/** Reads so many files, 16 at a time, while connections are broken; closes the store at the end. */
async function round(server: Server, signal: AbortSignal): Promise<void> {
	const store = new ResumingStore(openStore(server.settings), { retries: 50, firstDelay: 2, longestDelay: 50 });
	const paths = [...files.keys()];
	const total = FILES / ROUNDS;
	const breakAfter = Math.max(1, Math.floor(total / (RECONNECTS / ROUNDS)));
	let read = 0;
	const worker = async (): Promise<void> => {
		while (read < total) {
			read += 1;
			if (read % breakAfter === 0) server.proxy.strike(read % (2 * breakAfter) === 0 ? 'reset' : 'cut');
			const path = paths[read % paths.length] ?? '';
			const size = files.get(path)?.length;
			const entry: RemoteEntry = { name: path, path, type: 'file', size, modifiedAt: undefined };
			const hash = createHash('sha256');
			for await (const chunk of store.readReported(path, { size, signal }, entry).stream) hash.update(chunk as Buffer);
			if (hash.digest('hex') !== sums.get(path)) throw new Error(`${path} arrived with other bytes`);
		}
	};
	await Promise.all(Array.from({ length: 16 }, worker));
	await store.close();
	// Data connections that nobody came for are given up by then.
	await pause(2_500);
}

const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;

async function soak(name: string, start: () => Promise<Server>): Promise<string[]> {
	const server = await start();
	const { signal } = new AbortController();
	const history: Figures[] = [];
	const began = performance.now();
	for (let n = 1; n <= ROUNDS; n += 1) {
		await round(server, signal);
		const figures = measure(signal);
		history.push(figures);
		console.log(
			`${name} round ${n}: ${figures.descriptors} descriptors, ${figures.listeners} listeners, heap ${megabytes(figures.heap)}, resident ${megabytes(figures.resident)}`,
		);
	}
	const seconds = (performance.now() - began) / 1000;
	console.log(
		`${name}: ${FILES} files in ${seconds.toFixed(1)} s, ${server.proxy.accepted('control')} connections, ${server.proxy.faults()} broken, ${server.openHandles()} handles open`,
	);
	const steady = history.slice(WARM_UP - 1, -1);
	const last = history.at(-1);
	const problems = (Object.keys(SLACK) as Array<keyof Figures>).flatMap((key) => {
		const most = Math.max(...steady.slice(0, 3).map((figures) => figures[key])) + SLACK[key];
		return last !== undefined && last[key] > most ? [`${name}: ${key} grew to ${last[key]}, more than ${most}`] : [];
	});
	if (server.openHandles() > 0) problems.push(`${name}: handles are left open`);
	await server.close();
	return problems;
}

async function main(): Promise<void> {
	const protocols = [
		['SFTP', startSftp],
		['FTPS', startFtps],
	] as const;
	const problems: string[] = [];
	for (const [name, start] of protocols) {
		if ((process.env['SOAK_PROTOCOL'] ?? name) === name) problems.push(...(await soak(name, start)));
	}
	problems.push(...warnings);
	for (const problem of problems) console.error(problem);
	console.log(problems.length === 0 ? 'Flat.' : 'Not flat.');
	// With everything closed nothing is left to wait for; what is would be a leak. Node's own clearing up after thousands of
	// TLS connections takes minutes, so it is not waited for.
	process.once('beforeExit', () => process.exit(problems.length === 0 ? 0 : 1));
	setTimeout(() => {
		console.error(`Still open: ${process.getActiveResourcesInfo().join(', ')}`);
		process.exit(1);
	}, END_MILLISECONDS).unref();
}

main().catch((error: unknown) => {
	console.error(error);
	process.exit(1);
});
