import { ExplainedError } from '../explainedError';
import { isRecord, readPollState } from './pollState';
import type { PollState, Watch } from './pollState';

/** Whose memory it is: a tenant, by a text that tells apart its account and directory, and what is watched there. */
export interface MemoryOwner {
	readonly tenant: string;
	readonly watch: Watch;
}

/** What n8n keeps for a trigger. A trigger that is sent to another tenant and back goes on there where it stopped. */
export interface KeptMemory {
	readonly version: 2;
	/** By owner, the one last polled at the end. */
	readonly memories: Readonly<Record<string, PollState>>;
}

/** Bytes of JSON that a trigger keeps in n8n's database, which writes the whole of it with every emission. */
export const MOST_BYTES = 256_000;

/** Tenants, or things to watch, that a trigger remembers. */
const MOST_MEMORIES = 4;

/** What to do about a memory that cannot be gone on from. Beginning anew by itself would lose what has come since. */
const BEGIN_ANEW =
	"Nothing was emitted and nothing forgotten. To begin anew, put a new trigger with another name in this one's place: what is there then counts as known, and 8x8 List Index gives what has come since the last execution.";

/** What a trigger remembers, seen from the tenant that it is to poll. */
export class TriggerMemory {
	/** What the last poll of this owner left, `undefined` when there was none. */
	readonly previous: PollState | undefined;

	/** Nothing was ever remembered, of no owner. */
	readonly isEmpty: boolean;

	readonly #key: string;

	readonly #others: ReadonlyArray<readonly [owner: string, state: PollState]>;

	/**
	 * @param kept as n8n kept it
	 * @throws ExplainedError when it is damaged, or of a later version
	 */
	constructor(kept: unknown, { tenant, watch }: MemoryOwner) {
		this.#key = `${watch}:${tenant}`;
		const memories = readMemories(kept, tenant);
		this.isEmpty = memories.size === 0;
		this.previous = memories.get(this.#key);
		this.#others = [...memories].filter(([owner]) => owner !== this.#key);
	}

	/** What n8n is to keep after a poll of this owner, and how many others had to go to make room: the ones longest out of use. */
	next(state: PollState): { readonly kept: KeptMemory; readonly forgotten: number } {
		const others = this.#others.slice(1 - MOST_MEMORIES);
		const keptWith = (some: typeof others): KeptMemory => ({
			version: 2,
			memories: Object.fromEntries([...some, [this.#key, state]]),
		});
		while (others.length > 0 && bytesOf(keptWith(others)) > MOST_BYTES) others.shift();
		return { kept: keptWith(others), forgotten: this.#others.length - others.length };
	}
}

/** Bytes of JSON. */
export function bytesOf(kept: KeptMemory): number {
	return Buffer.byteLength(JSON.stringify(kept));
}

function readMemories(kept: unknown, tenant: string): Map<string, PollState> {
	if (kept === undefined) return new Map();
	if (!isRecord(kept) || typeof kept['version'] !== 'number') throw damaged();
	switch (kept['version']) {
		case 1:
			return readFirstVersion(kept, tenant);
		case 2:
			return readSecondVersion(kept['memories']);
		default:
			throw new ExplainedError(
				`The memory of this trigger is of version ${kept['version']}, and this version of n8n-nodes-8x8-recordings knows versions 1 and 2`,
				`If the package was set back to an older version, update it again. ${BEGIN_ANEW}`,
			);
	}
}

/** It did not say whose it is: that of the tenant that the trigger has now. */
function readFirstVersion(kept: Record<string, unknown>, tenant: string): Map<string, PollState> {
	const { watch } = kept;
	const state = readPollState(kept);
	if (state === undefined || (watch !== 'index' && watch !== 'files')) throw damaged();
	return new Map([[`${watch}:${tenant}`, state]]);
}

function readSecondVersion(memories: unknown): Map<string, PollState> {
	if (!isRecord(memories)) throw damaged();
	return new Map(
		Object.entries(memories).map(([owner, kept]) => {
			const state = readPollState(kept);
			if (state === undefined) throw damaged();
			return [owner, state];
		}),
	);
}

function damaged(): ExplainedError {
	return new ExplainedError('The memory of this trigger is damaged', BEGIN_ANEW);
}
