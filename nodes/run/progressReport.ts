import type { IExecuteFunctions } from 'n8n-workflow';

import { info, showHints } from './executionHints';
import { bytesText, countText, durationText, filesText } from './figureText';

/** Milliseconds between two messages: often enough to see that it goes on, too seldom to fill a log. */
const INTERVAL = 5_000;
/** Files from which on a run is worth a sentence at its end, however quick it was. */
const MANY = 10;

export interface ProgressOptions {
	/** What is done with a file, such as `downloaded`. */
	readonly verb: string;
	readonly tell: (line: string) => void;
	/** Milliseconds, for tests. */
	readonly now?: () => number;
}

/** How far a run over many files has come, told every few seconds while files are finished, and how it went. */
export class ProgressReport {
	readonly #verb: string;

	readonly #tell: (line: string) => void;

	readonly #now: () => number;

	readonly #began: number;

	#toldAt: number;

	#expected = 0;

	#finished = 0;

	#without = 0;

	#bytes = 0;

	#retries = 0;

	constructor({ verb, tell, now = () => performance.now() }: ProgressOptions) {
		this.#verb = verb;
		this.#tell = tell;
		this.#now = now;
		this.#began = now();
		this.#toldAt = this.#began;
	}

	/** So many more files are to be done. */
	expect(files: number): void {
		this.#expected += files;
	}

	/** A file is done. @param attempts times that it was begun or gone on with */
	finished(bytes: number, attempts = 1): void {
		this.#finished += 1;
		this.#bytes += bytes;
		this.#retries += Math.max(0, attempts - 1);
		this.#tellSometimes();
	}

	/** A file will not be done: it failed or was left out. */
	goneWithout(): void {
		this.#without += 1;
		this.#tellSometimes();
	}

	/** How the run went; `undefined` for one that was short and small. */
	summary(): string | undefined {
		const elapsed = this.#now() - this.#began;
		if (this.#finished < MANY && elapsed < INTERVAL) return undefined;
		const took = `${this.#verb} in ${durationText(elapsed)}`;
		return `${[`${filesText(this.#finished)} ${took}`, ...this.#figures(elapsed)].join(', ')}.`;
	}

	#tellSometimes(): void {
		const now = this.#now();
		if (now - this.#toldAt < INTERVAL) return;
		this.#toldAt = now;
		const elapsed = now - this.#began;
		const done = this.#finished + this.#without;
		const remaining = Math.max(0, this.#expected - done);
		const rest = (elapsed / done) * remaining;
		const left = rest < 1_000 ? [] : [`about ${durationText(rest)} left`];
		const files = `${countText(this.#finished)} of ${filesText(this.#expected)} ${this.#verb}`;
		this.#tell([files, ...this.#figures(elapsed), ...left].join(', '));
	}

	#figures(elapsed: number): string[] {
		const seconds = Math.max(1, elapsed) / 1_000;
		const rate =
			this.#bytes === 0
				? [`${(this.#finished / seconds).toFixed(1)} files/s`]
				: [bytesText(this.#bytes), `${bytesText(this.#bytes / seconds)}/s`];
		const retries =
			this.#retries === 0 ? [] : [this.#retries === 1 ? '1 retry' : `${countText(this.#retries)} retries`];
		const without = this.#without === 0 ? [] : [`${countText(this.#without)} not ${this.#verb}`];
		return [...rate, ...retries, ...without];
	}
}

/** Progress in the browser's console while somebody watches, and in n8n's log. */
export function progressOf(context: IExecuteFunctions, verb: string): ProgressReport {
	const { name } = context.getNode();
	return new ProgressReport({
		verb,
		tell: (line) => {
			context.sendMessageToUI(line);
			context.logger.info(`${name}: ${line}`);
		},
	});
}

/** Shows above the output how a long run went. */
export function showSummary(context: IExecuteFunctions, progress: ProgressReport): void {
	const message = progress.summary();
	if (message !== undefined) showHints(context, [info(message)]);
}
