import { Readable } from 'node:stream';

import { ServerAccount } from '../account/serverAccount';
import type { SftpSettings } from '../connectionSettings';
import { UNSHARED, type ConnectionShare } from '../connectionShare';
import type { Abortable } from '../onAbort';
import { RecentNames } from '../recentNames';
import { joinTenantPath, legalRemotePath } from '../remotePath';
import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions, StoreListener } from '../remoteStore';
import { TransportError } from '../transportError';
import { LoginMemory } from './authentication';
import { ConnectionPool, FULL } from './connectionPool';
import { listDirectory, statEntry, whyRefused } from './directoryListing';
import { HostKeyPolicy } from './hostKey';
import { PipelinedRead } from './pipelinedRead';
import { ServerManners, SftpConnection } from './sftpConnection';
import { oneSafeLine } from './sftpError';
import { openSshSession, secretsOf } from './sshSession';

const STALL_TIMEOUT = 30_000;
/** Bytes up to which a file weighs no more than a request. */
const UNIT_BYTES = 4_194_304;

/** What is learnt of an SFTP server. */
export class SftpLearnt {
	readonly manners = new ServerManners();

	readonly logins = new LoginMemory();

	/** With the types of key that the server showed and that were refused. */
	hostKeys: HostKeyPolicy | undefined;
}

export type SftpAccount = ServerAccount<SftpConnection, SftpLearnt>;

/** Recordings over SFTP. Connections are opened when first needed, and shared by all requests. */
export class SftpStore implements RemoteStore {
	readonly #settings: SftpSettings;

	readonly #server: string;

	readonly #pool: ConnectionPool<SftpConnection>;

	readonly #account: SftpAccount;

	readonly #listener: StoreListener;

	readonly #recent = new RecentNames<RemoteEntry>();

	/** @param account what outlives the store; nothing when absent */
	constructor(
		settings: SftpSettings,
		share: ConnectionShare = UNSHARED,
		listener: StoreListener = {},
		account: SftpAccount = new ServerAccount({ learn: () => new SftpLearnt() }),
	) {
		this.#settings = settings;
		this.#listener = listener;
		this.#account = account;
		this.#server = `${settings.host}:${settings.port}`;
		this.#pool = new ConnectionPool({
			open: (signal, isFirst) =>
				account.open({ share, isFirst, signal, logIn: async (stop) => await this.#connect(stop) }),
			take: () => account.take(share, (connection) => connection.serve(this.#service)),
			account,
			share,
			maxConnections: settings.maxConnections,
			ended: (code) => this.#ended(code),
		});
	}

	async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		const illegal: string[] = [];
		const entries = await this.#onConnection(
			directory,
			options,
			async (connection, path, signal) =>
				await listDirectory(connection, path, signal, (name) => void illegal.push(name)),
		);
		const [name] = illegal;
		if (name !== undefined) {
			const example = oneSafeLine(name, secretsOf(this.#settings));
			this.#listener.onUnreadable?.({ directory, lines: illegal.length, example });
		}
		return entries;
	}

	async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		return this.#onConnection(path, options, statEntry);
	}

	read(path: string, range: ReadRange = {}): Readable {
		const { start, size, length, signal } = range;
		const legal = this.#checked(path);
		if (legal instanceof TransportError) return failedStream(legal);
		const wanted = length ?? (size ?? 0) - (start ?? 0);
		const weight = Math.min(FULL, Math.max(1, Math.ceil(wanted / UNIT_BYTES)));
		return new PipelinedRead({
			path: legal,
			server: this.#server,
			start,
			size,
			length,
			signal,
			acquire: async (abort) => {
				const { connection, release } = await this.#pool.acquire(abort, weight);
				return {
					channel: connection,
					release,
					diedResting: (error) => this.#diedResting(connection, error),
					explain: async (refusal) => await whyRefused(connection, legal, refusal, 'file', abort),
					listedSize: async () => (await statEntry(connection, legal, abort)).size,
				};
			},
		});
	}

	close(): Promise<void> {
		return this.#pool.close();
	}

	get #service() {
		return { stallTimeout: this.#settings.stallTimeout ?? STALL_TIMEOUT, recent: this.#recent };
	}

	#ended(code: 'aborted' | 'closed'): TransportError {
		const what =
			code === 'aborted'
				? `Stopped while waiting for a connection to ${this.#server}.`
				: `The connections to ${this.#server} were closed.`;
		return new TransportError(code, what, { server: this.#server });
	}

	async #connect(signal: AbortSignal): Promise<SftpConnection> {
		const { tenantDirectory } = this.#settings;
		const { learnt } = this.#account;
		const { manners, logins } = learnt;
		learnt.hostKeys ??= new HostKeyPolicy(this.#settings);
		const session = await openSshSession(this.#settings, learnt.hostKeys, signal, logins);
		const secrets = secretsOf(this.#settings);
		return new SftpConnection(session, { server: this.#server, tenantDirectory, secrets, manners, ...this.#service });
	}

	async #onConnection<T>(
		path: string,
		{ signal }: RequestOptions,
		work: (connection: SftpConnection, path: string, signal: Abortable | undefined) => Promise<T>,
	): Promise<T> {
		const legal = this.#checked(path);
		if (legal instanceof TransportError) throw legal;
		const { connection, release } = await this.#pool.acquire(signal);
		return await work(connection, legal, signal)
			.finally(release)
			.catch(async (error: unknown) => {
				if (!this.#diedResting(connection, error)) throw error;
				return await this.#onConnection(path, { signal }, work);
			});
	}

	/** Whether a connection had died while it rested. So have the others, most likely, and each would cost a wait: they are ended. */
	#diedResting(connection: SftpConnection, error: unknown): boolean {
		if (!connection.diedResting(error)) return false;
		void this.#account.endResting();
		return true;
	}

	/** The legal path, or why nothing may be sent for it. */
	#checked(path: string): string | TransportError {
		try {
			joinTenantPath(this.#settings.tenantDirectory, path);
			return legalRemotePath(path);
		} catch (error) {
			return error instanceof TransportError ? error : new TransportError('illegal-path', 'The path cannot be used.');
		}
	}
}

function failedStream(error: TransportError): Readable {
	const stream = new Readable({
		read() {
			this.destroy(error);
		},
	});
	// A stream that its owner forgot must not end the whole process when it fails.
	return stream.on('error', () => undefined);
}
