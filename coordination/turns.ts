/** Turns at something that only one may do at a time, by name. */
export interface Turns {
	/**
	 * Runs `work` when it is its turn, and gives back what it gives.
	 *
	 * @throws {NoTurn} when the turn does not come; whatever `work` throws
	 */
	take<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}

/** The turn did not come in time. */
export class NoTurn extends Error {
	override readonly name = 'NoTurn';

	/** Why the others could not be asked, one word; `undefined` when somebody else had the turn all the time. */
	readonly detail: string | undefined;

	/** What has to be done about it where waiting does not help. */
	readonly remedy: string | undefined;

	constructor(detail?: string, remedy?: string) {
		super(detail === undefined ? 'Others had the turn all the time' : `The turn could not be asked for (${detail})`);
		this.detail = detail;
		this.remedy = remedy;
	}
}

/** Turns of the runs within one process, first come, first served. */
export class ProcessTurns implements Turns {
	readonly #last = new Map<string, Promise<unknown>>();

	async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
		const before = this.#last.get(name) ?? Promise.resolve();
		const turn = before.then(work);
		const ended = turn.catch(() => undefined);
		this.#last.set(name, ended);
		return await turn.finally(() => {
			if (this.#last.get(name) === ended) this.#last.delete(name);
		});
	}
}
