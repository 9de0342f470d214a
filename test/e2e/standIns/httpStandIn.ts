import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { LOOPBACK } from '../../../testbed/n8nHost/freePort';

export interface ReceivedRequest {
	readonly method: string;
	/** Path without the query. */
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly body: Buffer;
}

export interface StandInAnswer {
	readonly status: number;
	/** Default: JSON of `json`. */
	readonly text?: string;
	readonly type?: string;
	readonly json?: unknown;
	/** The connection ends without an answer: whoever asked cannot know whether it was done. */
	readonly isLost?: boolean;
}

export interface HttpStandIn {
	/** Such as `http://127.0.0.1:40123`. */
	readonly url: string;
	/** Everything that arrived, in order. */
	readonly requests: readonly ReceivedRequest[];
	close(): Promise<void>;
}

/** A service on loopback that keeps what it is sent and answers as `answer` says; what that throws is a 500. */
export async function startHttpStandIn(
	answer: (request: ReceivedRequest) => StandInAnswer | Promise<StandInAnswer>,
): Promise<HttpStandIn> {
	const requests: ReceivedRequest[] = [];
	const server = createServer((incoming, response) => {
		const handle = async (): Promise<StandInAnswer> => {
			const url = new URL(incoming.url ?? '/', `http://${LOOPBACK}`);
			const request = {
				method: incoming.method ?? '',
				path: decodeURIComponent(url.pathname),
				query: url.searchParams,
				headers: incoming.headers,
				body: await buffer(incoming),
			};
			requests.push(request);
			return await answer(request);
		};
		handle()
			.catch((error: unknown) => ({ status: 500, json: { message: String(error) } }) as StandInAnswer)
			.then(({ status, json, text = JSON.stringify(json ?? {}), type = 'application/json', isLost = false }) => {
				if (isLost) {
					response.destroy();
					return;
				}
				response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
			})
			.catch(() => response.destroy());
	});
	const port = await new Promise<number>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, LOOPBACK, () => {
			const address = server.address();
			resolve(typeof address === 'object' && address !== null ? address.port : 0);
		});
	});
	return {
		url: `http://${LOOPBACK}:${port}`,
		requests,
		async close() {
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			});
		},
	};
}
