import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect } from 'vitest';

import type { ConnectionSettings, FtpsSettings, SftpSettings } from '../../transport/connectionSettings';
import { openStore } from '../../transport/openStore';
import type { RemoteStore } from '../../transport/remoteStore';
import { ResumingStore } from '../../transport/resumingStore';
import type { RetryPolicy } from '../../transport/retry';
import { TransportError } from '../../transport/transportError';
import { startScriptedSftp, type ScriptedSftp, type ScriptedSftpOptions } from '../../testbed/servers/scriptedSftp';
import {
	startScriptedServer,
	type ScriptedServer,
	type ScriptedServerOptions,
} from '../unit/transport/ftpsScriptedServer';
import { startFaultProxy, type FaultPlan, type FaultProxy } from './faultProxy';

export type Protocol = 'sftp' | 'ftps';
export const PROTOCOLS: readonly Protocol[] = ['sftp', 'ftps'];

/** Contents by path below the tenant directory. */
export type Files = Record<string, Buffer>;

type Changes = Partial<
	Pick<ConnectionSettings, 'host' | 'port' | 'maxConnections' | 'connectTimeout' | 'stallTimeout'>
>;

/** A server that does as the test says, behind a proxy that does, too. */
export interface Tenant {
	readonly proxy: FaultProxy;
	readonly settings: ConnectionSettings;
	/** A store that connects through the proxy; closed with the test. */
	open(changes?: Changes): RemoteStore;
	/** The same, with retries. */
	resuming(policy?: RetryPolicy, changes?: Changes): ResumingStore;
	/** Connections that the server has open. */
	connections(): number;
	/** File handles that the server has open; 0 where the protocol has none. */
	openHandles(): number;
	/** Ends the server for good. */
	kill(): Promise<void>;
}

/** Runs what was registered last first, when a test is over. */
export const cleanups: Array<() => Promise<void> | void> = [];
const warnings: string[] = [];
const note = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);

beforeEach(() => {
	warnings.length = 0;
	process.on('warning', note);
});

// Every test of a file that imports this ends with it: whatever happened, Node had nothing to warn of. Errors without a
// listener and rejections without a handler end the run by themselves.
afterEach(async () => {
	const slow: string[] = [];
	for (const cleanup of cleanups.splice(0).reverse()) {
		const started = Date.now();
		await cleanup();
		if (Date.now() - started > 4_000) slow.push(`closing took ${Date.now() - started} ms`);
	}
	await pause(5);
	process.off('warning', note);
	expect([...warnings, ...slow]).toEqual([]);
});

export const FAST: RetryPolicy = { retries: 5, firstDelay: 5, longestDelay: 50 };

export async function proxyFor(port: number, plan?: FaultPlan, delay?: number): Promise<FaultProxy> {
	const proxy = await startFaultProxy({ port, plan, delay });
	cleanups.push(() => proxy.close());
	return proxy;
}

export async function scriptedSftp(options: ScriptedSftpOptions): Promise<ScriptedSftp> {
	const server = await startScriptedSftp(options);
	cleanups.push(() => server.close());
	return server;
}

/** Settings for a scripted SFTP server. */
export function sftpSettings(
	server: { readonly host: string; readonly port: number },
	changes: Partial<SftpSettings> = {},
): SftpSettings {
	return {
		protocol: 'sftp',
		host: server.host,
		port: server.port,
		username: 'tenant',
		password: 'right',
		hostKeyFingerprints: [],
		allowUnknownHostKey: true,
		tenantDirectory: '',
		maxConnections: 2,
		connectTimeout: 5_000,
		stallTimeout: 5_000,
		...changes,
	};
}

export async function scriptedFtps(options: Partial<ScriptedServerOptions> = {}): Promise<ScriptedServer> {
	const server = await startScriptedServer({ mode: 'implicit', ...options });
	cleanups.push(() => server.close());
	return server;
}

/** A store of its own for these settings, closed with the test. */
export function opened<Settings extends SftpSettings | FtpsSettings>(
	settings: Settings,
	changes: Partial<Settings> = {},
): RemoteStore {
	const store = openStore({ ...settings, ...changes });
	cleanups.push(() => store.close());
	return store;
}

export interface TenantOptions {
	readonly plan?: FaultPlan | undefined;
	readonly delay?: number | undefined;
	readonly sftp?: Partial<ScriptedSftpOptions> | undefined;
	readonly ftps?: Partial<ScriptedServerOptions> | undefined;
}

/** The same tenant over either protocol. */
export async function startTenant(protocol: Protocol, files: Files, options: TenantOptions = {}): Promise<Tenant> {
	if (protocol === 'sftp') {
		const server = await scriptedSftp({ files, ...options.sftp });
		const proxy = await proxyFor(server.port, options.plan, options.delay);
		const { connections, openHandles } = server;
		return tenantOf(proxy, sftpSettings(proxy), { connections, openHandles, kill: server.close });
	}
	let forward: (port: number) => Promise<number> = (port) => Promise.resolve(port);
	const rooted = Object.defineProperties(
		{},
		Object.fromEntries(Object.keys(files).map((path) => [`/${path}`, { enumerable: true, get: () => files[path] }])),
	);
	const server = await scriptedFtps({ files: rooted, announce: (port) => forward(port), ...options.ftps });
	const proxy = await proxyFor(server.settings.port, options.plan, options.delay);
	forward = proxy.forwardData;
	const { connections, close } = server;
	return tenantOf(proxy, { ...server.settings, port: proxy.port }, { connections, openHandles: () => 0, kill: close });
}

function tenantOf(
	proxy: FaultProxy,
	settings: ConnectionSettings,
	server: Pick<Tenant, 'connections' | 'openHandles' | 'kill'>,
): Tenant {
	const open = (changes: Changes = {}): RemoteStore => opened(settings, changes);
	return {
		proxy,
		settings,
		open,
		resuming: (policy = FAST, changes = {}) => new ResumingStore(open(changes), policy),
		...server,
	};
}

export async function drain(stream: AsyncIterable<unknown>): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

/** The `TransportError` that a promise rejects with, within so many milliseconds; fails the test in any other case. */
export async function failureOf(work: Promise<unknown>, milliseconds = 8_000): Promise<TransportError> {
	const late = new AbortController();
	const outcome: unknown = await Promise.race([
		work.then(
			(value) => new Error(`Expected a failure, got ${inspect(value).slice(0, 200)}`),
			(error: unknown) => error,
		),
		pause(milliseconds, new Error(`Still pending after ${milliseconds} ms`), { signal: late.signal }),
	]);
	late.abort();
	if (outcome instanceof TransportError) return outcome;
	throw outcome instanceof Error ? outcome : new Error(`Rejected with ${inspect(outcome)}`);
}

export const codeOf = async (work: Promise<unknown>, milliseconds?: number): Promise<string> =>
	(await failureOf(work, milliseconds)).code;

/** Waits until this holds, for 5 s at most. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 5_000;
	while (!holds()) {
		if (Date.now() > deadline) throw new Error(`Still not so after 5 s: ${what}`);
		await pause(10);
	}
}

/** Resolves with the first chunk of a stream, which goes on flowing. */
export function firstBytes(stream: NodeJS.ReadableStream): Promise<void> {
	return new Promise((resolve, reject) => {
		stream.once('readable', () => resolve());
		stream.once('error', reject);
	});
}

/** Everything that a log or an execution record could show of an error. */
export function everythingShownOf(error: Error): string {
	return [
		JSON.stringify(error),
		String(error),
		error.stack,
		inspect(error, { depth: 12, showHidden: true, getters: true }),
	].join('\n');
}
