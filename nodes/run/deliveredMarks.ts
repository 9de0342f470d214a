import type { IExecuteFunctions, IPollFunctions } from 'n8n-workflow';

import { coordination } from '../../coordination/coordination';
import { NoTurn, type Turns } from '../../coordination/turns';
import { comparedRecordingId } from '../../recordings/comparedRecordingId';
import { ExplainedError } from '../../tenant/explainedError';

/**
 * What the marks need of n8n's deduplication store: one list of keys for each workflow, oldest first. Asking is recording:
 * the store has no question without an answer that stays (`DeduplicationHelper.handleHashedItems` of n8n 1.123 to 2.41).
 */
export interface MarkStore {
	/** The keys that were there before; all of them are there afterwards, the new ones last, and the oldest beyond `most` gone. */
	record(keys: readonly string[], most?: number): Promise<Set<string>>;
	/** Takes the keys out, all in one write. */
	remove(keys: readonly string[]): Promise<void>;
}

/**
 * Marks kept for a workflow, the newest. n8n holds them in one field of one database row, about 27 bytes each, and writes
 * the whole field each time.
 */
export const MOST_MARKS = 100_000;

/** Recordings looked up in one write: what a crash in the middle of a lookup may deliver once more, at most. */
const LOOKED_UP_AT_ONCE = 1_000;

/**
 * Which recordings a workflow has delivered.
 *
 * A delivered recording is one key, its mark. Looking it up means to record the mark together with a second key, the doubt:
 * delivered is what had its mark and no doubt. Afterwards the doubts are taken out again, and with them, in the same write,
 * the marks of what is not delivered. Marks and doubts of an undelivered recording only ever come together and go together,
 * so whatever is lost in between, by a crash or by another process that writes an older list, it never looks delivered.
 * The same accidents may leave a delivered one with its doubt, or without its mark: it is then delivered once more.
 */
export class DeliveredMarks {
	/**
	 * `delivery` tells apart what one workflow delivers to several places. Runs take turns, for n8n reads and writes the list
	 * in two steps. Should a turn fail to keep another one out, the worst is that a mark is lost.
	 */
	constructor(
		private readonly store: MarkStore,
		private readonly turns: Turns,
		private readonly workflowId: string,
		private readonly delivery: string,
	) {}

	/**
	 * Those of the recordings that were not marked, by the ids given; ids that mean the same recording are one. `tenant` is whose they are: one delivery keeps those
	 * of one tenant only.
	 */
	async undelivered(tenant: string, recordingIds: readonly string[]): Promise<Set<string>> {
		if (recordingIds.length > MOST_MARKS) {
			throw new ExplainedError(
				`${recordingIds.length} recordings are more than the ${MOST_MARKS} deliveries that n8n remembers for a workflow`,
				"Choose a shorter period or narrower filters, or take 'Only Undelivered' out of the options.",
			);
		}
		return await this.#inTurn(async () => {
			await this.#claimFor(tenant);
			const found = new Set<string>();
			for (let from = 0; from < recordingIds.length; from += LOOKED_UP_AT_ONCE) {
				for (const id of await this.#lookUp(recordingIds.slice(from, from + LOOKED_UP_AT_ONCE))) found.add(id);
			}
			return found;
		});
	}

	async mark(recordingIds: readonly string[]): Promise<void> {
		await this.#inTurn(async () => {
			const marks = recordingIds.map((id) => this.#markOf(id));
			const known = await this.store.record([...new Set(marks)], MOST_MARKS);
			// A mark that was there already may have a doubt beside it, from a lookup that was cut off.
			const doubted = recordingIds.filter((id) => known.has(this.#markOf(id)));
			if (doubted.length > 0) await this.store.remove(doubted.map((id) => this.#doubtOf(id)));
		});
	}

	/** Lets the recordings come again. */
	async forget(recordingIds: readonly string[]): Promise<void> {
		await this.#inTurn(async () => {
			await this.store.remove(recordingIds.flatMap((id) => [this.#markOf(id), this.#doubtOf(id)]));
		});
	}

	async #lookUp(recordingIds: readonly string[]): Promise<string[]> {
		const known = await this.store.record(recordingIds.flatMap((id) => [this.#markOf(id), this.#doubtOf(id)]));
		const undelivered: string[] = [];
		const passing: string[] = [];
		for (const id of recordingIds) {
			passing.push(this.#doubtOf(id));
			if (known.has(this.#markOf(id)) && !known.has(this.#doubtOf(id))) continue;
			passing.push(this.#markOf(id));
			undelivered.push(id);
		}
		await this.store.remove(passing);
		return undelivered;
	}

	/**
	 * Recordings are known by directory and file name, which hold the time and a number. Two tenants may well have the same
	 * ones, and the second tenant's would be taken for delivered.
	 */
	async #claimFor(tenant: string): Promise<void> {
		const claim = this.#key('claim', '');
		const owner = this.#key('claim', tenant);
		const known = await this.store.record([claim, owner]);
		if (known.has(claim) === known.has(owner)) return;
		await this.store.remove(known.has(claim) ? [owner] : [claim, owner]);
		if (!known.has(claim)) return;
		throw new ExplainedError(
			`This workflow keeps the deliveries of another tenant than '${tenant}' under ${this.delivery === '' ? 'an empty' : 'this'} 'Delivery Name'`,
			"Recordings of two tenants can have the same name. Give each tenant a 'Delivery Name' of its own, in 8x8 List Index and in its 8x8 Mark Delivered.",
		);
	}

	async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
		return await this.turns.take(this.workflowId, work).catch(async (error: unknown) => {
			return await Promise.reject(error instanceof NoTurn ? noTurnError(error) : error);
		});
	}

	#markOf(recordingId: string): string {
		return this.#key('mark', comparedRecordingId(recordingId));
	}

	#doubtOf(recordingId: string): string {
		return this.#key('doubt', comparedRecordingId(recordingId));
	}

	#key(kind: 'mark' | 'doubt' | 'claim', name: string): string {
		return JSON.stringify(['8x8', kind, this.delivery, name]);
	}
}

/** A delivery's name as the form gives it: an expression may make a number of it, or nothing. */
export function deliveryNameOf(value: unknown): string {
	if (value === undefined || value === null) return '';
	if (typeof value === 'string') return value.trim();
	if (typeof value === 'number' || typeof value === 'boolean') return String(value);
	throw new ExplainedError(
		`'Delivery Name' is a name, not ${JSON.stringify(value).slice(0, 80)}`,
		'Give it a text, the same in 8x8 List Index and 8x8 Mark Delivered, or leave it empty.',
	);
}

/** What n8n gives a node of its deduplication store. */
export type Deduplication = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;

/** The marks of the workflow that a node is in; `delivery` as `deliveryNameOf` gives it. */
export function deliveredMarks(
	context: IExecuteFunctions | IPollFunctions,
	helpers: Deduplication,
	delivery: string,
): DeliveredMarks {
	const { id } = context.getWorkflow();
	if (id === undefined || id === '') {
		throw new ExplainedError(
			'Deliveries can be remembered only for a workflow that is saved',
			'Save the workflow, and run it again.',
		);
	}
	const entries = { mode: 'entries' } as const;
	return new DeliveredMarks(
		{
			record: async (keys, most) => {
				const options = most === undefined ? entries : { ...entries, maxEntries: most };
				const answer = await explained(helpers.checkProcessedAndRecord([...keys], 'workflow', options));
				return new Set(answer.processed.map(String));
			},
			remove: async (keys) => await explained(helpers.removeProcessed([...keys], 'workflow', entries)),
		},
		coordination().turns,
		id,
		delivery,
	);
}

function noTurnError({ detail, remedy }: NoTurn): ExplainedError {
	if (detail === undefined) {
		return new ExplainedError(
			'Other runs of this workflow looked deliveries up and marked them all the time',
			'Let fewer of them run at the same time, and run the workflow again: nothing is marked that was not delivered.',
		);
	}
	return new ExplainedError(
		`n8n's Redis could not be asked whose turn it is to look deliveries up or to mark them (${detail})`,
		remedy === undefined
			? 'In queue mode workers take turns by it. Check that it is up, and that this worker has the QUEUE_BULL_REDIS settings of the others; then run the workflow again: nothing is marked that was not delivered.'
			: `${remedy} Then run the workflow again: nothing is marked that was not delivered.`,
	);
}

async function explained<Result>(request: Promise<Result>): Promise<Result> {
	return await request.catch(async (error: unknown) => {
		const reason = error instanceof Error ? error.message : 'no reason given';
		return await Promise.reject(
			new ExplainedError(
				`n8n's memory of what this workflow has delivered cannot be used: ${reason.replace(/\.$/, '')}`,
				"If the workflow has a Remove Duplicates node, set its 'Scope' to 'Node'. Otherwise look at n8n's database, and run the workflow again: nothing is marked that was not delivered.",
			),
		);
	});
}
