import { ConnectionRun } from './connectionRun';
import type { ConnectionLease, RunDesk } from './connectionRun';
import type { LeaseLedger, LedgerAnswer, LedgerOutage } from './leaseLedger';

interface Waiter {
	readonly id: string;
	readonly run: ConnectionRun;
}

interface FirstWaiter extends Waiter {
	readonly grant: (lease: ConnectionLease) => void;
	readonly refuse: (outage: LedgerOutage) => void;
}

interface FurtherWaiter extends Waiter {
	readonly answer: (lease: ConnectionLease | undefined) => void;
}

/** A connection that no run has, kept open for the next one. */
interface Resting {
	readonly limit: number;
	readonly giveUp: () => void;
	/** It is about to be closed for others. */
	isGivenUp: boolean;
}

const LONGER_THAN_A_LEASE = 60_000;

let askings = 0;
const PROCESS = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`;

/** Ids sort in the order of asking: what the same millisecond brings keeps its order in Redis, too. */
function nextId(): string {
	askings += 1;
	return `${String(askings).padStart(12, '0')}-${PROCESS}`;
}

const askingOf = ({ id, run }: Waiter): { id: string; limit: number } => ({ id, limit: run.limit });

/**
 * Where the runs of one process ask for connections to one account.
 *
 * A run's first connection is needed and waits its turn; further ones are given only when there is one to spare and nobody
 * waits. A run that has a connection never waits for another one, and one that has several gives some back when somebody
 * waits; while it waits for something else than the server it gives back the last one, too. So whoever waits is served when
 * a run ends, and nobody waits in a circle. Connections that rest between two runs are the first to go, also for a run that has
 * one and would like another.
 */
export class ConnectionDesk implements RunDesk {
	readonly #ledger: LeaseLedger;

	readonly #held = new Map<string, ConnectionRun | Resting>();

	/** Leases by the objects that stand for them. */
	readonly #ids = new WeakMap<object, string>();

	readonly #first = new Map<string, FirstWaiter>();

	readonly #further = new Map<string, FurtherWaiter>();

	/** Ids that are told to the ledger until it has heard them, and since when they are to be told. */
	readonly #gone = new Map<string, number>();

	#isSettling = false;

	#isStale = false;

	#next: NodeJS.Timeout | undefined;

	/** Connections that runs with several should close for runs without one, as of the last answer. */
	#wanted = 0;

	/** The same, with those that runs asked for in vain which have some. */
	#wantedOfResting = 0;

	#outage: LedgerOutage | undefined;

	constructor(ledger: LeaseLedger) {
		this.#ledger = ledger;
	}

	/** Why the ledger could not be asked the last time, if it could not. */
	get outage(): LedgerOutage | undefined {
		return this.#outage;
	}

	/** A node run. @param limit connections that all runs of the account may have together */
	run(limit: number): ConnectionRun {
		return new ConnectionRun(this, limit);
	}

	/** Gives the id by which to forgo it. */
	askFirst(
		run: ConnectionRun,
		grant: (lease: ConnectionLease) => void,
		refuse: (outage: LedgerOutage) => void,
	): string {
		const id = nextId();
		this.#first.set(id, { id, run, grant, refuse });
		this.#settle();
		return id;
	}

	askFurther(run: ConnectionRun, answer: (lease: ConnectionLease | undefined) => void): void {
		const id = nextId();
		this.#further.set(id, { id, run, answer });
		this.#settle();
	}

	forgo(id: string): void {
		if (!this.#first.delete(id)) return;
		this.#gone.set(id, Date.now());
		this.#settle();
	}

	claimSurplus(run: ConnectionRun): boolean {
		if (run.held - run.promised <= run.kept || this.#wanted <= this.#promised()) return false;
		run.promised += 1;
		return true;
	}

	adopt(run: ConnectionRun, lease: object): boolean {
		const id = this.#ids.get(lease) ?? '';
		const holder = this.#held.get(id);
		if (holder === undefined || holder instanceof ConnectionRun || holder.isGivenUp) return false;
		this.#held.set(id, run);
		run.held += 1;
		return true;
	}

	#promised(): number {
		let sum = 0;
		for (const holder of new Set(this.#held.values())) {
			if (holder instanceof ConnectionRun) sum += Math.min(holder.promised, holder.held - holder.kept);
			else if (holder.isGivenUp) sum += 1;
		}
		return sum;
	}

	#lease({ id, run }: Waiter): ConnectionLease {
		this.#held.set(id, run);
		run.held += 1;
		const lease = {
			release: (): void => this.#release(id),
			rest: (giveUp: () => void): void => this.#rest(id, giveUp),
		};
		this.#ids.set(lease, id);
		return lease;
	}

	#release(id: string): void {
		const holder = this.#held.get(id);
		if (!this.#held.delete(id)) return;
		if (holder instanceof ConnectionRun) {
			holder.held -= 1;
			holder.promised = Math.max(0, holder.promised - 1);
		}
		this.#gone.set(id, Date.now());
		this.#settle();
	}

	#rest(id: string, giveUp: () => void): void {
		const holder = this.#held.get(id);
		if (holder === undefined) return;
		if (holder instanceof ConnectionRun) holder.held -= 1;
		const isGivenUp = !(holder instanceof ConnectionRun) && holder.isGivenUp;
		this.#held.set(id, { limit: holder.limit, giveUp, isGivenUp });
		if (isGivenUp) giveUp();
		this.#giveUpResting();
		this.#settle();
	}

	/** As many as others need, the one that rests longest first. */
	#giveUpResting(): void {
		for (const holder of this.#held.values()) {
			if (holder instanceof ConnectionRun || holder.isGivenUp) continue;
			if (this.#wantedOfResting <= this.#promised()) return;
			holder.isGivenUp = true;
			holder.giveUp();
		}
	}

	#settle(): void {
		this.#isStale = true;
		if (this.#isSettling) return;
		this.#isSettling = true;
		clearTimeout(this.#next);
		void this.#settleAll().finally(() => {
			this.#isSettling = false;
			this.#goOn();
		});
	}

	async #settleAll(): Promise<void> {
		while (this.#isStale) {
			this.#isStale = false;
			const gone = [...this.#gone.keys()];
			const further = [...this.#further.values()];
			const first = [...this.#first.values()].map((waiter) => ({ ...askingOf(waiter), since: waiter.run.since }));
			const entry = { held: [...this.#held.keys()], gone, first, further: further.map(askingOf) };
			const answer = await this.#ledger.settle(entry).catch((error: unknown) => {
				this.#outage = asLedgerOutage(error);
				this.#forgetOld();
				if (this.#outage.remedy !== undefined) this.#refuseFirst(this.#outage);
			});
			if (answer !== undefined) {
				this.#outage = undefined;
				for (const id of gone) this.#gone.delete(id);
				this.#take(answer);
			}
			for (const { id } of further) this.#refuse(id, answer === undefined);
		}
	}

	#take({ granted, since, waiting, held, short }: LedgerAnswer): void {
		for (const [id, arrival] of since) {
			const run = this.#first.get(id)?.run;
			if (run !== undefined && run.since === 0) run.since = arrival;
		}
		for (const id of granted) this.#grant(id);
		// Whoever left meanwhile may have been granted something.
		if (this.#gone.size > 0) this.#isStale = true;
		const holders = new Set(this.#held.values());
		const limit = Math.max(1, ...[...holders].map((holder) => holder.limit));
		const free = Math.max(0, limit - held);
		this.#wanted = Math.max(0, waiting - free);
		this.#wantedOfResting = Math.max(0, waiting + short - free);
		this.#giveUpResting();
		if (this.#wanted === 0) return;
		for (const holder of holders) if (holder instanceof ConnectionRun) holder.tellWanted();
	}

	#grant(id: string): void {
		const first = this.#first.get(id);
		const further = this.#further.get(id);
		this.#first.delete(id);
		this.#further.delete(id);
		if (first !== undefined) first.grant(this.#lease(first));
		else if (further !== undefined) further.answer(this.#lease(further));
		else this.#gone.set(id, Date.now());
	}

	/** Without an answer nobody knows whether it was granted, so it is given back. */
	#refuse(id: string, isUncertain: boolean): void {
		const waiter = this.#further.get(id);
		if (!this.#further.delete(id) || waiter === undefined) return;
		if (isUncertain) this.#gone.set(id, Date.now());
		waiter.answer(undefined);
	}

	/** Nobody waits for what only a change of settings mends. A ledger that knew them gives their places up by itself. */
	#refuseFirst(outage: LedgerOutage): void {
		const waiters = [...this.#first.values()];
		this.#first.clear();
		for (const { refuse } of waiters) refuse(outage);
	}

	/** What a ledger that is away has not heard for so long has run out there by itself. */
	#forgetOld(): void {
		for (const [id, since] of this.#gone) if (Date.now() - since > LONGER_THAN_A_LEASE) this.#gone.delete(id);
	}

	#goOn(): void {
		if (this.#isStale) return this.#settle();
		const { pace } = this.#ledger;
		if (pace === undefined || this.#held.size + this.#first.size + this.#gone.size === 0) return;
		// What rests is given up at once, where a run that works may take the time of a file.
		const rests = [...this.#held.values()].some((holder) => !(holder instanceof ConnectionRun));
		const delay = this.#first.size > 0 || rests ? pace.waiting : pace.holding;
		// Whoever waits or holds a connection keeps the process alive; this need not.
		this.#next = setTimeout(() => this.#settle(), delay).unref();
	}
}

function asLedgerOutage(error: unknown): LedgerOutage {
	if (!(error instanceof Error) || !('reason' in error)) return { reason: 'no reason given' };
	const remedy = 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
	return { reason: String(error.reason), remedy };
}
