import type { ConnectionSettings } from '../connectionSettings';
import type { AccountConnection } from './accountConnection';
import { ServerAccount, type ServerAccountOptions } from './serverAccount';
import { settingsDigest } from './settingsDigest';

/** After which everything is learnt anew: a server may have changed, and what one odd answer taught may be wrong. */
const MEMORY_MILLISECONDS = 3_600_000;

interface Entry<C extends AccountConnection, Learnt> {
	/** Host, port and user. */
	readonly whose: string;
	readonly account: ServerAccount<C, Learnt>;
	readonly since: number;
}

/** The accounts of one protocol, each by a digest of all its settings. */
export class AccountBook<C extends AccountConnection, Learnt> {
	readonly #options: ServerAccountOptions<Learnt>;

	readonly #entries = new Map<string, Entry<C, Learnt>>();

	#isRetired = false;

	constructor(options: ServerAccountOptions<Learnt>) {
		this.#options = options;
	}

	/** What is kept for these settings. What rests of the same user with other settings is ended: it has no use for its leases. */
	of(settings: ConnectionSettings): ServerAccount<C, Learnt> {
		this.#forgetOld();
		const digest = settingsDigest(settings);
		const whose = JSON.stringify([settings.host.toLowerCase(), settings.port, settings.username]);
		for (const [other, entry] of this.#entries) {
			if (other !== digest && entry.whose === whose) void entry.account.endResting();
		}
		const known = this.#entries.get(digest);
		if (known !== undefined) return known.account;
		const account = new ServerAccount<C, Learnt>(this.#options);
		if (this.#isRetired) void account.retire();
		else this.#entries.set(digest, { whose, account, since: Date.now() });
		return account;
	}

	/** Ends all that rests; from now on stores close what they have opened. Resolves when it is closed. */
	async retire(): Promise<void> {
		this.#isRetired = true;
		await Promise.all([...this.#entries.values()].map(async ({ account }) => await account.retire()));
	}

	#forgetOld(): void {
		for (const [digest, { account, since }] of this.#entries) {
			if (Date.now() - since < MEMORY_MILLISECONDS) continue;
			this.#entries.delete(digest);
			void account.retire();
		}
	}
}
