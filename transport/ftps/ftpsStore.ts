import { ServerAccount } from '../account/serverAccount';
import type { FtpsSettings } from '../connectionSettings';
import { UNSHARED, type ConnectionShare } from '../connectionShare';
import type { Abortable, Cancellation } from '../onAbort';
import { childPath, joinTenantPath, lastPart, legalRemotePath } from '../remotePath';
import type { ReadRange, RemoteEntry, RemoteStore, RequestOptions, StoreListener } from '../remoteStore';
import { isTransient } from '../retry';
import { TransportError } from '../transportError';
import { ControlConnection, targetOn, type Shortcuts, type Target } from './controlConnection';
import { ControlConnectionPool } from './controlConnectionPool';
import { ftpsError } from './ftpsFailure';
import type { ListedName } from './listedName';
import { explainRefusal, fileSize, listDirectory, statPath } from './pathQueries';
import { RecentNames } from '../recentNames';
import { RemoteFileStream } from './remoteFileStream';
import { ServerHabits } from './serverHabits';
import { safeLine } from './serverText';
import type { ServerTraits } from './sessionSetup';
import { Shortcut } from './shortcut';
import { TlsTrust } from './tlsTrust';
import { TransferSink, type Deliver } from './transferSink';

/** Where breaking off costs the control connection, files up to so many bytes are read on: a new log-in takes six round trips. */
const CHEAP_TO_FINISH = 8_388_608;
const LINE_BREAKERS = /[\r\n\0]/u;

/** What is learnt of an FTPS server. */
export class FtpsLearnt {
	readonly shortcuts: Shortcuts = { burst: new Shortcut(), ahead: new Shortcut() };
	readonly habits = new ServerHabits();
	traits: ServerTraits | undefined;
	trust: TlsTrust | undefined;
	/** Some servers know no REST (RFC 3659 section 5): a read from the middle then skips what comes before it. */
	canRestart = true;
	/** What breaking off a transfer does to its control connection. */
	breakOff: 'untried' | 'clean' | 'costly' = 'untried';
	/** Some servers resume no TLS 1.3 session, or only the first (proftpd issue 2056): then they are asked for 1.2. */
	isTls13Refused = false;
}

export type FtpsAccount = ServerAccount<ControlConnection, FtpsLearnt>;

/** The recordings over FTPS: files and listings, over a pool of control connections, each of which does one at a time. */
export class FtpsStore implements RemoteStore {
	readonly #settings: FtpsSettings;
	readonly #pool: ControlConnectionPool<ControlConnection>;
	readonly #recent = new RecentNames<ListedName>();
	readonly #listener: StoreListener;
	readonly #learnt: FtpsLearnt;

	/**
	 * Connects to nothing; the first request does.
	 *
	 * @param account what outlives the store; nothing when absent
	 */
	constructor(
		settings: FtpsSettings,
		share: ConnectionShare = UNSHARED,
		listener: StoreListener = {},
		account: FtpsAccount = new ServerAccount({ learn: () => new FtpsLearnt() }),
	) {
		this.#settings = settings;
		this.#listener = listener;
		this.#learnt = account.learnt;
		this.#pool = new ControlConnectionPool({
			maxConnections: settings.maxConnections,
			open: (signal, isFirst) =>
				account.open({ share, isFirst, signal, logIn: async (stop) => await this.#open(stop) }),
			take: () => account.take(share, (connection) => connection.serve(settings, this.#recent)),
			account,
			share,
			ended: (code) => this.#error(code),
		});
	}

	async list(directory: string, { signal }: RequestOptions = {}): Promise<RemoteEntry[]> {
		const path = legalRemotePath(directory);
		const below = joinTenantPath(this.#settings.tenantDirectory, path);
		const { names, unreadable } = await this.#use(
			(connection) => listDirectory(connection, targetOn(connection, below, path)),
			signal,
		);
		const [example] = unreadable;
		if (example !== undefined) {
			const found = { directory: path, lines: unreadable.length, example: safeLine(example, this.#settings) };
			this.#listener.onUnreadable?.(found);
		}
		return names.map(({ name, type, size, modifiedAt }) => ({
			...{ name, path: childPath(path, name) },
			...{ type, size, modifiedAt },
		}));
	}

	async stat(path: string, { signal }: RequestOptions = {}): Promise<RemoteEntry> {
		const legal = legalRemotePath(path);
		const below = joinTenantPath(this.#settings.tenantDirectory, legal);
		const facts = await this.#use((connection) => statPath(connection, targetOn(connection, below, legal)), signal);
		return { name: lastPart(legal), path: legal, type: facts.type, size: facts.size, modifiedAt: facts.modifiedAt };
	}

	read(path: string, range: ReadRange = {}): RemoteFileStream {
		const transfer = async (deliver: Deliver, stop: Cancellation): Promise<void> => {
			const legal = legalRemotePath(path);
			const below = joinTenantPath(this.#settings.tenantDirectory, legal);
			let isUntouched = true;
			const deliverOnce: Deliver = (piece, taken) => {
				isUntouched = false;
				deliver(piece, taken);
			};
			await this.#use(
				(connection) => this.#fetch(connection, targetOn(connection, below, legal), range, deliverOnce),
				stop,
				() => isUntouched,
			);
		};
		return new RemoteFileStream(transfer, () => this.#error('aborted', path), range.signal);
	}

	close(): Promise<void> {
		return this.#pool.close();
	}

	#use<T>(
		task: (connection: ControlConnection) => Promise<T>,
		signal: Abortable | undefined,
		mayRepeat: () => boolean = () => true,
	): Promise<T> {
		const { habits, shortcuts } = this.#learnt;
		const { needsCommandFirst } = habits;
		const wasRuledOut = shortcuts.burst.isRuledOut;
		return this.#pool.use(task, signal).catch((error: unknown) => {
			const hasLearnt = habits.needsCommandFirst !== needsCommandFirst || shortcuts.burst.isRuledOut !== wasRuledOut;
			if (hasLearnt && isTransient(error) && mayRepeat()) return this.#pool.use(task, signal);
			const isSession = error instanceof TransportError && error.code === 'tls-session-refused';
			if (isSession && !this.#learnt.isTls13Refused) {
				this.#learnt.isTls13Refused = true;
				this.#learnt.trust = undefined;
			}
			return Promise.reject(error);
		});
	}

	#error(code: TransportError['code'], path?: string): TransportError {
		return ftpsError(code, { server: `${this.#settings.host}:${this.#settings.port}`, path });
	}

	async #open(signal: AbortSignal): Promise<ControlConnection> {
		const { username, password } = this.#settings;
		for (const [setting, value] of Object.entries({ username, password })) {
			// A line end in it would be a second FTP command.
			if (LINE_BREAKERS.test(value)) {
				const name = setting === 'username' ? 'user name' : 'password';
				throw new TransportError('invalid-settings', `The ${name} holds a line break.`, { setting });
			}
		}
		this.#learnt.trust ??= new TlsTrust(this.#settings, this.#learnt.isTls13Refused ? 'TLSv1.2' : 'TLSv1.3');
		const { burst } = this.#learnt.shortcuts;
		const wasRuledOut = burst.isRuledOut;
		const plan = {
			settings: this.#settings,
			trust: this.#learnt.trust,
			traits: this.#learnt.traits,
			shortcuts: this.#learnt.shortcuts,
			recent: this.#recent,
			habits: this.#learnt.habits,
		};
		const connection = await ControlConnection.open(plan, signal).catch(async (error: unknown) => {
			// The password was right, so a second log-in, one command at a time, locks nobody out.
			if (burst.isRuledOut === wasRuledOut) return await Promise.reject(error);
			return await ControlConnection.open(plan, signal);
		});
		this.#learnt.traits = connection.traits;
		return connection;
	}

	/** `from` is where the server is asked to begin; what comes before `range.start` is skipped. */
	async #fetch(
		connection: ControlConnection,
		target: Target,
		range: ReadRange,
		deliver: Deliver,
		from = this.#learnt.canRestart ? (range.start ?? 0) : 0,
	): Promise<void> {
		const { start = 0, length } = range;
		const isAsked = range.size === undefined || length !== undefined;
		const real = isAsked ? await fileSize(connection, target) : undefined;
		const size = range.size ?? real ?? 0;
		const mismatch = (received: string): TransportError =>
			connection.error('size-mismatch', target.path, `${received}, stated are ${size}`);
		if (real !== undefined && real !== size) throw mismatch(`it has ${real} bytes`);
		const end = length === undefined ? size : start + length;
		if (start > size) throw mismatch(`asked to start at byte ${start}`);
		if (end > size) throw mismatch(`asked for ${end} bytes`);
		// Nothing is left to fetch. A size of 0 from a listing is checked all the same: the file may be growing.
		if (start === end && (end > 0 || isAsked)) return;
		const onOverrun = (): TransportError => mismatch('more bytes came');
		const { gatherIn } = connection;
		const sink = new TransferSink({
			room: size - from,
			skip: start - from,
			wanted: end - start,
			gatherIn,
			deliver,
			onOverrun,
		});
		const isPart = end < size && (this.#learnt.breakOff !== 'costly' || size - from > CHEAP_TO_FINISH);
		const refusal = isPart
			? await connection.retrievePart(target, from, sink, this.#learnt.breakOff === 'costly')
			: await connection.retrieve(target, from, sink);
		// Whatever it says: that it knows no REST, or not for this file, some servers tell in the words of another failure.
		if (refusal !== undefined && from > 0) {
			await this.#fetch(connection, target, range, deliver, 0);
			this.#learnt.canRestart = false;
			return;
		}
		if (refusal !== undefined) throw await explainRefusal(connection, target, refusal, 'file');
		if (isPart && sink.hasEnough) return await this.#learnBreakOff(connection);
		if (from + sink.received !== size) throw mismatch(`${from + sink.received} bytes came`);
	}

	/** A server may say more about a transfer that was broken off, or end the connection. Tried out once, since it costs a round trip. */
	async #learnBreakOff(connection: ControlConnection): Promise<void> {
		const wasClean = this.#learnt.breakOff === 'clean';
		const isClean = wasClean
			? connection.isUsable
			: this.#learnt.breakOff === 'untried' && (await connection.isInStep());
		if (isClean) {
			this.#learnt.breakOff = 'clean';
			return;
		}
		// After it went well before, it may just as well be the network.
		this.#learnt.breakOff = wasClean ? 'untried' : 'costly';
		connection.interrupt(connection.error('closed', undefined));
	}
}
