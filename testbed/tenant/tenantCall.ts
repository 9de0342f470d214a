/** The audio formats that the tenant's recorder writes. 8x8 names none, so players and checks must take all three. */
export type CallCodec = 'mulaw' | 'alaw' | 'pcm';

export type PlannedCallType = 'inbound' | 'outbound' | 'directAgentAccess';

/** What the recorder knows about a recording before its audio exists. Absent = `null`, as in an index row. */
export interface PlannedCall {
	/** `Syyyymmdd/Ryyyymmddhhmmssnnnn.wav` */
	readonly recordingId: string;
	/** `yyyy-MM-dd` in the tenant's zone. */
	readonly tenantDay: string;
	readonly callType: PlannedCallType;
	readonly callTypeLabel: string;
	/** ISO 8601 with the tenant zone's offset and milliseconds. */
	readonly startTime: string;
	readonly stopTime: string;
	readonly startTimeUtc: string;
	readonly stopTimeUtc: string;
	/** Whole seconds; the audio lasts exactly as long. */
	readonly durationSeconds: number;
	readonly agentName: string;
	readonly customerNumber: string | null;
	readonly calledNumber: string | null;
	readonly phoneChannel: string;
	/** The customer's number, whichever side dialled. */
	readonly customerPhone: string;
	readonly caseId: string | null;
	readonly accountNumber: string | null;
	readonly transactionId: string;
	readonly queue: string | null;
	readonly queueName: string | null;
	readonly externalVariable1: string | null;
	readonly externalVariable2: string | null;
	readonly outdialCode: string | null;
	readonly wrapUpCode: string | null;
	readonly directory: string;
	readonly fileName: string;
	readonly path: string;
	readonly recordedAtUtc: string;
	readonly sequence: number;
	readonly codec: CallCodec;
	readonly channels: 1 | 2;
}

/** A recording that lies on the tenant's disk. */
export interface TenantCall extends PlannedCall {
	/** Size of the WAV file. */
	readonly bytes: number;
	/** Of the whole WAV file, lower-case hexadecimal. */
	readonly sha256: string;
}

export interface TenantManifest {
	/** The tenant directory: what a login sees as its own. */
	readonly root: string;
	/** IANA zone. */
	readonly timeZone: string;
	/** Complete tenant days, `yyyy-MM-dd`, oldest first. */
	readonly days: readonly string[];
	/** By start, oldest first. */
	readonly calls: readonly TenantCall[];
}
