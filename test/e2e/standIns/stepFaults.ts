import type { StandInAnswer } from './httpStandIn';

type Fault = 'refused' | 'answer lost';

/** The troubles of a service: at each step one request is refused, and the next is done and its answer lost. */
export class StepFaults {
	readonly #left = new Map<string, Fault[]>();

	constructor(steps: readonly string[]) {
		for (const step of steps) this.#left.set(step, ['refused', 'answer lost']);
	}

	/** What has not happened yet, such as `Create Task: answer lost`. */
	get left(): string[] {
		return [...this.#left].flatMap(([step, faults]) => faults.map((fault) => `${step}: ${fault}`));
	}

	/** Answers a request of a step as `work` says, unless it is the turn of a trouble. */
	async at(step: string, work: () => StandInAnswer | Promise<StandInAnswer>): Promise<StandInAnswer> {
		switch (this.#left.get(step)?.shift()) {
			case 'refused':
				return { status: 500, json: { message: `${step} failed in the service` } };
			case 'answer lost':
				return { ...(await work()), isLost: true };
			case undefined:
				return await work();
		}
	}
}
