/** What a delivery may say about a call, besides its audio. Every other field of the form is ignored. */
export const CALL_FIELDS = [
	'recordingId',
	'contactPhone',
	'callType',
	'agentName',
	'queueName',
	'wrapUpCode',
	'startTime',
	'durationSeconds',
	'accountNumber',
	'transactionId',
	'sha256',
] as const;

export type CallField = (typeof CALL_FIELDS)[number];

export type CallForm = Readonly<Partial<Record<CallField, string>>>;

/** A call as the CRM keeps it. Fields that were not sent are empty. */
export interface CrmCall {
	/** The CRM's own id, hexadecimal; part of the audio's address. */
	readonly id: string;
	readonly recordingId: string;
	readonly contactPhone: string;
	readonly callType: string;
	readonly agentName: string;
	readonly queueName: string;
	readonly wrapUpCode: string;
	/** ISO 8601. */
	readonly startTime: string;
	readonly durationSeconds: number;
	readonly accountNumber: string;
	readonly transactionId: string;
	/** Counted and computed by the CRM from what arrived, not taken from the form. */
	readonly bytes: number;
	readonly sha256: string;
	/** How often this recording was delivered. */
	readonly deliveries: number;
}

/** One accepted delivery, in the order of arrival. */
export interface Delivery {
	readonly recordingId: string;
	readonly bytes: number;
	readonly sha256: string;
	readonly isUpdate: boolean;
}
