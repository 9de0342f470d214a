/** How what was emitted and not marked as delivered comes again. */
export interface RedeliveryRules {
	/** Milliseconds from one emission of a recording to the next. */
	readonly repeatAfter: number;
	/** Emissions of a recording, the first among them. */
	readonly maximumAttempts: number;
	/** Those of the recordings that are not marked. */
	readonly undelivered: (recordingIds: readonly string[]) => Promise<ReadonlySet<string>>;
}
