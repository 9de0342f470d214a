import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { byteRange } from './byteRange';
import { contactsPage } from './contactsPage';
import type { CrmCall, Delivery } from './crmCall';
import { readDelivery, RefusedDelivery, type DeliveryForm } from './deliveryForm';

const LOOPBACK = '127.0.0.1';

export interface CrmOptions {
	/** Audio is kept here; what an earlier CRM left there is removed. */
	readonly directory: string;
	/** Default: any that is free. */
	readonly port?: number;
	/** When set, deliveries need `Authorization: Bearer <token>`. */
	readonly token?: string;
}

export interface RunningCrm {
	/** The page, such as `http://127.0.0.1:5679`. */
	readonly url: string;
	/** Where calls are posted to. */
	readonly deliveryUrl: string;
	calls(): readonly CrmCall[];
	/** Every accepted delivery since the start, in order. */
	deliveries(): readonly Delivery[];
	close(): Promise<void>;
}

function sameSecret(given: string, expected: string): boolean {
	const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
	return timingSafeEqual(digest(given), digest(expected));
}

/** Calls in memory, audio on disk under names of the CRM's own making. */
class CallArchive {
	readonly directory: string;

	readonly #calls = new Map<string, CrmCall>();

	readonly #deliveries: Delivery[] = [];

	constructor(directory: string) {
		this.directory = directory;
	}

	get calls(): readonly CrmCall[] {
		return [...this.#calls.values()];
	}

	get deliveries(): readonly Delivery[] {
		return [...this.#deliveries];
	}

	find(id: string): CrmCall | undefined {
		return this.#calls.get(id);
	}

	audioFile(id: string): string {
		return join(this.directory, `${id}.wav`);
	}

	/** The same recording delivered again replaces what is there: a workflow may be run twice without harm. */
	async keep({ fields, audio }: DeliveryForm): Promise<CrmCall> {
		const recordingId = fields.recordingId ?? '';
		if (recordingId === '') throw new RefusedDelivery(400, 'The field "recordingId" is missing');
		if (fields.sha256 !== undefined && fields.sha256 !== '' && fields.sha256 !== audio.sha256) {
			throw new RefusedDelivery(422, `The audio's SHA-256 is ${audio.sha256}, the form says ${fields.sha256}`);
		}
		const id = createHash('sha256').update(recordingId).digest('hex').slice(0, 32);
		const seconds = Number(fields.durationSeconds ?? 0);
		await rename(audio.file, this.audioFile(id));
		const before = this.#calls.get(id);
		const call: CrmCall = {
			id,
			recordingId,
			contactPhone: fields.contactPhone ?? '',
			callType: fields.callType ?? '',
			agentName: fields.agentName ?? '',
			queueName: fields.queueName ?? '',
			wrapUpCode: fields.wrapUpCode ?? '',
			startTime: fields.startTime ?? '',
			durationSeconds: Number.isFinite(seconds) ? seconds : 0,
			accountNumber: fields.accountNumber ?? '',
			transactionId: fields.transactionId ?? '',
			bytes: audio.bytes,
			sha256: audio.sha256,
			deliveries: (before?.deliveries ?? 0) + 1,
		};
		this.#calls.set(id, call);
		this.#deliveries.push({ recordingId, bytes: audio.bytes, sha256: audio.sha256, isUpdate: before !== undefined });
		return call;
	}
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
	response.writeHead(status, {
		'content-type': type,
		'content-length': Buffer.byteLength(body),
		'x-content-type-options': 'nosniff',
		'cache-control': 'no-store',
	});
	response.end(body);
}

const answerJson = (response: ServerResponse, status: number, value: unknown): void =>
	answer(response, status, 'application/json', JSON.stringify(value));

async function takeDelivery(request: IncomingMessage, response: ServerResponse, archive: CallArchive): Promise<void> {
	const form = await readDelivery(request, archive.directory);
	const call = await archive.keep(form).catch(async (error: unknown) => {
		await rm(form.audio.file, { force: true });
		throw error;
	});
	answerJson(response, call.deliveries === 1 ? 201 : 200, call);
}

async function sendAudio(
	request: IncomingMessage,
	response: ServerResponse,
	archive: CallArchive,
	id: string,
): Promise<void> {
	const call = archive.find(id);
	if (call === undefined) {
		answerJson(response, 404, { message: 'There is no such recording' });
		return;
	}
	const range = byteRange(request.headers.range, call.bytes);
	if (range === 'unsatisfiable') {
		response.writeHead(416, { 'content-range': `bytes */${call.bytes}` }).end();
		return;
	}
	const { start, end } = range === 'whole' ? { start: 0, end: call.bytes - 1 } : range;
	response.writeHead(range === 'whole' ? 200 : 206, {
		'content-type': 'audio/wav',
		'content-length': end - start + 1,
		'accept-ranges': 'bytes',
		...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end}/${call.bytes}` }),
	});
	if (request.method === 'HEAD' || call.bytes === 0) response.end();
	else await pipeline(createReadStream(archive.audioFile(id), { start, end }), response);
}

async function route(
	request: IncomingMessage,
	response: ServerResponse,
	archive: CallArchive,
	token: string | undefined,
): Promise<void> {
	const path = (request.url ?? '/').split('?')[0] ?? '/';
	const isRead = request.method === 'GET' || request.method === 'HEAD';
	if (request.method === 'POST' && path === '/api/calls') {
		if (token !== undefined && !sameSecret(request.headers.authorization ?? '', `Bearer ${token}`)) {
			throw new RefusedDelivery(401, 'The bearer token is missing or wrong');
		}
		await takeDelivery(request, response, archive);
	} else if (isRead && path === '/api/calls') answerJson(response, 200, archive.calls);
	else if (isRead && path === '/') answer(response, 200, 'text/html; charset=utf-8', contactsPage(archive.calls));
	else {
		const id = isRead ? /^\/recordings\/([0-9a-f]{32})\.wav$/.exec(path)?.[1] : undefined;
		if (id === undefined) answerJson(response, 404, { message: 'There is nothing here' });
		else await sendAudio(request, response, archive, id);
	}
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
	if (response.headersSent || response.destroyed) {
		response.destroy();
		return;
	}
	const status = error instanceof RefusedDelivery ? error.status : 500;
	const message = error instanceof Error ? error.message : 'Something went wrong';
	// What is left of an unread body would otherwise be taken for the connection's next request.
	response.setHeader('connection', 'close');
	response.once('finish', () => request.destroy());
	answerJson(response, status, { message });
}

async function listen(server: Server, port: number): Promise<number> {
	return await new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, LOOPBACK, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : port);
		});
	});
}

/**
 * A CRM as small as one can be: takes calls with their recordings over HTTP and shows each contact's calls with a
 * player. It counts and hashes what arrives itself, so that its numbers prove a delivery.
 */
export async function startCrm(options: CrmOptions): Promise<RunningCrm> {
	const { directory, port = 0, token } = options;
	await rm(directory, { recursive: true, force: true });
	await mkdir(directory, { recursive: true });
	const archive = new CallArchive(directory);
	const server = createServer((request, response) => {
		route(request, response, archive, token).catch((error: unknown) => refuse(request, response, error));
	});
	const url = `http://${LOOPBACK}:${await listen(server, port)}`;
	return {
		url,
		deliveryUrl: `${url}/api/calls`,
		calls: () => archive.calls,
		deliveries: () => archive.deliveries,
		async close() {
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			});
		},
	};
}
