import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { tellsBudget } from './hostBudget';

/** Where the baselines of a workflow's triggers lie, by node id. */
const BASELINES = 'recordingTriggerBaselines';

/**
 * What n8n keeps for a trigger. With its durable scheduler n8n runs a first poll at activation and forgets what the node remembers
 * of it (n8n 2.41, PollTriggerExecutor: only a poll at its time is committed), so that all that comes until the first poll at its
 * time, which may be a day later, would count as known. What belongs to the whole workflow is saved at every activation: a
 * first poll leaves its baseline there as well, until the node's own memory is seen to be kept. An n8n without that scheduler needs none of this.
 */
export class HostMemory {
	readonly #own: IDataObject;

	/** Only where n8n may forget. */
	readonly #shared: IDataObject | undefined;

	readonly #id: string;

	constructor(context: IPollFunctions) {
		this.#own = context.getWorkflowStaticData('node');
		this.#shared = tellsBudget(context) ? context.getWorkflowStaticData('global') : undefined;
		this.#id = context.getNode().id;
	}

	/** What the last poll left, `undefined` before the first. */
	get state(): unknown {
		const own = this.#own['state'];
		return own === undefined ? this.#baselines[this.#id] : own;
	}

	/**
	 * Keeps what a poll leaves.
	 *
	 * @param emits the poll has items. What was emitted is no baseline: n8n writes an emission and its memory down together
	 */
	keep(state: IDataObject, emits: boolean): void {
		const { [this.#id]: baseline, ...others } = this.#baselines;
		const isKept = this.#own['state'] !== undefined;
		this.#own['state'] = state;
		if (this.#shared === undefined || isKept === (baseline === undefined)) return;
		if (isKept) this.#shared[BASELINES] = others;
		else if (!emits) this.#shared[BASELINES] = { ...others, [this.#id]: state };
	}

	get #baselines(): IDataObject {
		return (this.#shared?.[BASELINES] ?? {}) as IDataObject;
	}
}
