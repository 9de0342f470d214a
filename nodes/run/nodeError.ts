import { ExpressionError, NodeOperationError } from 'n8n-workflow';
import type { IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';

import { CallFilterError } from '../../recordings/callFilter';
import { IndexFormatError } from '../../recordings/indexFormatError';
import { PeriodError } from '../../recordings/period';
import { UnknownTimeZoneError } from '../../recordings/zoneClock';
import { ExplainedError } from '../../tenant/explainedError';
import { TransportError } from '../../transport/transportError';
import type { TransportErrorCode } from '../../transport/transportError';
import { DEFAULT_PORTS } from '../connection/tenantConnection';

/** What happened, and what to do next: the message and the description of an n8n error. */
export interface Explanation {
	readonly message: string;
	readonly advice: string;
}

const ADVICE: Readonly<Record<TransportErrorCode, string>> = {
	'login-failed':
		"Check 'Tenant Name' and 'SFTP Password' in the credential (8x8 Configuration Manager: Home > Profile). Do not try over and over: servers lock accounts after several wrong passwords.",
	unreachable:
		"Check 'Host' and 'Port' in the credential, and that a firewall lets n8n connect to them. FTPS also needs the server's passive ports.",
	timeout:
		"The server may be overloaded or a firewall may drop packets silently. Try again; if it stays, ask the server's operator.",
	stalled: "The server stopped sending. Try again, or raise 'Stall Timeout' when the link is known to pause that long.",
	'connection-lost':
		"The connection broke. Try again; if it keeps happening, lower 'Max Connections' in the credential.",
	'host-key-unknown':
		"Compare the fingerprint with the one that the server's operator gives you. If it is the same, paste it into 'Host Key Fingerprints' in the credential.",
	'host-key-changed':
		"Somebody may be posing as the server, or its key was renewed. Ask the server's operator for the new fingerprint before you replace the one in the credential.",
	'certificate-untrusted':
		"If the server uses a private certificate authority, paste its certificate into 'CA Certificate' in the credential. Check 'Host' for the exact name too.",
	'tls-refused':
		"Check 'Protocol' and 'Port' in the credential: implicit FTPS usually listens on 990, explicit FTPS on 21. At least TLS 1.2 is needed.",
	'tls-session-refused':
		'The server wants data connections to continue the TLS session of the control connection. Try again; if it stays, ask its operator about TLS session reuse.',
	busy: "The server has no connection to spare. Lower 'Max Connections' in the credential, or wait until other clients have finished.",
	'not-found':
		'Check the path against the server: 8x8 deletes recordings at the end of their retention, and a directory appears with its first call.',
	'permission-denied': 'Check that this user may read the path on the server.',
	'not-a-file': 'Give the path of a file; directories are listed, not downloaded.',
	'illegal-path':
		'Give a path below the tenant directory, such as S20160607/R201606070130000001.wav, with / between its parts and no .. in it.',
	'size-mismatch':
		'The file was not passed on, because it is not whole. It may still be being written: try again in a few minutes.',
	'invalid-settings': 'Open the credential and correct this field.',
	protocol: "Try again. If it stays, ask the server's operator and quote this message.",
	aborted: 'Nothing was passed on. Run the node again when you like.',
	closed: 'Try again.',
};

/** The advice for a server's answer, with a word on a port that belongs to another protocol. */
export function transportAdvice(error: TransportError): string {
	if (error.advice !== undefined) return error.advice;
	const advice = ADVICE[error.code];
	const port = Number(/:(\d+)$/.exec(error.server ?? '')?.[1]);
	const isUnderway = error.code === 'unreachable' || error.code === 'timeout' || error.code === 'protocol';
	const owner = Object.entries(DEFAULT_PORTS).find(([, usual]) => usual === port)?.[0];
	if (!isUnderway || owner === undefined) return advice;
	return `${advice} Port ${port} is the usual one of ${PROTOCOL_NAMES[owner as keyof typeof DEFAULT_PORTS]}.`;
}

const PROTOCOL_NAMES = { ftpsImplicit: 'implicit FTPS', ftpsExplicit: 'explicit FTPS', sftp: 'SFTP' } as const;

/** What to tell a person about any failure of the rooms below; `undefined` for one that none of them throws. */
export function explain(error: unknown): Explanation | undefined {
	if (error instanceof TransportError)
		return { message: error.message.replace(/\.$/, ''), advice: transportAdvice(error) };
	if (error instanceof UnknownTimeZoneError) {
		return {
			message: error.message,
			advice: "Give an IANA time zone in 'Time Zone', or in 'Tenant Time Zone' of the credential.",
		};
	}
	if (
		error instanceof PeriodError ||
		error instanceof CallFilterError ||
		error instanceof IndexFormatError ||
		error instanceof ExplainedError
	) {
		return { message: error.message, advice: error.advice };
	}
	return undefined;
}

/** Why something failed, in the words in which n8n reads it from an error, from 2.37 on: it waits longer with the next poll. */
type FailureCause = 'credential-invalid' | 'temporarily-unavailable';

/** What only another credential, or a change in this one, mends. */
const CREDENTIAL_INVALID: ReadonlySet<TransportErrorCode> = new Set([
	'login-failed',
	'invalid-settings',
	'host-key-unknown',
	'host-key-changed',
	'certificate-untrusted',
]);
const TEMPORARILY_UNAVAILABLE: ReadonlySet<TransportErrorCode> = new Set([
	'unreachable',
	'timeout',
	'stalled',
	'connection-lost',
	'busy',
	'tls-session-refused',
]);

export function causeOf(error: unknown): FailureCause | undefined {
	if (!(error instanceof TransportError)) return undefined;
	if (CREDENTIAL_INVALID.has(error.code)) return 'credential-invalid';
	return TEMPORARILY_UNAVAILABLE.has(error.code) ? 'temporarily-unavailable' : undefined;
}

/** Any failure as the n8n error of an item. */
export function nodeError(node: INode, error: unknown, itemIndex: number): NodeOperationError {
	if (error instanceof NodeOperationError) return error;
	const { message, advice } = explain(error) ?? unexplained(error);
	const explained = new NodeOperationError(node, message, { itemIndex, description: advice });
	// n8n replaces a message that has ECONNREFUSED, ENOENT and the like anywhere in it by a general one that names no host or file.
	explained.message = message;
	const cause = causeOf(error);
	return cause === undefined ? explained : Object.assign(explained, { failure: { cause } });
}

/** n8n tells it by these words, and each of its versions by another class (`Expression` of n8n-workflow 1.120 to 2.41). */
function isSyntaxError(error: unknown): boolean {
	return error instanceof Error && error.message === 'invalid syntax';
}

const ISSUES = 'https://github.com/n8n-nodes-8x8-recordings/n8n-nodes-8x8-recordings/issues';

function unexplained(error: unknown): Explanation {
	if (isSyntaxError(error)) {
		return {
			message: "An expression in this node's fields cannot be read: its syntax is wrong",
			advice:
				'Open the fields that hold an expression, {{ … }}, and correct the one that the editor marks: a name, quote or bracket is missing in it or one too many, or it is empty.',
		};
	}
	if (error instanceof ExpressionError) {
		const advice = "Correct the expressions in this node's fields.";
		const { message, description } = error;
		return { message, advice: description ? `${advice} ${description}` : advice };
	}
	// A slip of ours or of n8n's. Only its message is kept: an unknown object may carry more than should be shown.
	return {
		message: error instanceof Error ? error.message : 'Something unexpected happened',
		advice: `This is not expected. Please report it with the version of n8n and of this package: ${ISSUES}`,
	};
}

/**
 * The item that takes the place of one that failed. n8n keeps the input's fields for the error output itself, when the item
 * holds `error` and nothing else (`handleNodeErrorOutput` of n8n-core); with `item.error` set it would drop them again.
 */
export function failedItem(
	node: INode,
	error: NodeOperationError,
	input: INodeExecutionData | undefined,
	itemIndex: number,
): INodeExecutionData {
	const text = [error.message, error.description]
		.filter((part) => part !== undefined && part !== null && part !== '')
		.join('. ');
	const kept = node.onError === 'continueErrorOutput' ? {} : input?.json;
	return { json: { ...kept, error: text }, pairedItem: { item: itemIndex } };
}

/**
 * Runs the work of one item. With *Continue* on, a failure becomes that item's error item; otherwise it ends the node.
 */
export async function itemOrError(
	context: IExecuteFunctions,
	itemIndex: number,
	input: INodeExecutionData | undefined,
	work: () => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
	return await work().catch((cause: unknown) => {
		const error = nodeError(context.getNode(), cause, itemIndex);
		if (!context.continueOnFail()) throw error;
		return [failedItem(context.getNode(), error, input, itemIndex)];
	});
}
