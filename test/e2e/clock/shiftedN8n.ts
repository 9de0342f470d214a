import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startN8n, type RunningN8n } from '../../../testbed/n8nHost/startN8n';
import { NODE_20, type SupportedN8n } from '../matrix/supportedN8n';

const OWNER = { email: 'owner@test.example.com', password: `Test-${randomBytes(9).toString('hex')}-1` };

/** A real n8n that keeps its data over its starts, in which the package lives at a time that the test chooses. */
export class ShiftedN8n {
	/** Where n8n keeps `.n8n`. */
	readonly userFolder: string;

	readonly #clock: string;

	#shift = 0;

	#starts = 0;

	#n8n: RunningN8n | undefined;

	constructor(
		private readonly directory: string,
		private readonly host: SupportedN8n = NODE_20,
	) {
		this.userFolder = join(directory, 'n8n');
		this.#clock = join(directory, 'clock');
	}

	/** The time of its clock, in milliseconds since 1970. */
	now(): number {
		return Date.now() + this.#shift;
	}

	/** From now on it is `utc`, in milliseconds since 1970 or as ISO 8601. Needed before the first start. */
	async setClock(utc: number | string): Promise<void> {
		this.#shift = new Date(utc).getTime() - Date.now();
		await writeFile(this.#clock, String(this.#shift));
	}

	async passTime(seconds: number): Promise<void> {
		await this.setClock(this.now() + seconds * 1_000);
	}

	/** How often it was started so far. */
	get starts(): number {
		return this.#starts;
	}

	get running(): RunningN8n {
		if (this.#n8n === undefined) throw new Error('n8n was not started');
		return this.#n8n;
	}

	/** Starts it and logs its owner in. */
	async start(): Promise<void> {
		this.#starts += 1;
		this.#n8n = await startN8n({
			userFolder: this.userFolder,
			logFile: join(this.directory, 'logs', `n8n-${this.#starts}.log`),
			release: this.host.release,
			env: {
				...this.host.env,
				NODE_OPTIONS: `--require ${join(__dirname, 'shiftedClock.cjs')}`,
				SHIFTED_CLOCK_FILE: this.#clock,
			},
		});
		await this.#n8n.client.logIn(OWNER);
	}

	async stop(): Promise<void> {
		await this.#n8n?.stop();
	}

	async kill(): Promise<void> {
		await this.#n8n?.kill();
	}
}
