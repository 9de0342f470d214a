import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ICredentialDataDecryptedObject, INodeExecutionData } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { DownloadRecording } from '../../nodes/DownloadRecording/DownloadRecording.node';
import { runNode, useBinaryStore } from '../unit/nodes/runNode';
import { eventually, PROTOCOLS, startTenant } from './tenant';

/** Two of these have no room beside each other in the 128 MB that n8n may hold whole. */
const LARGE = Buffer.alloc(70 * 1_048_576, 'recorded sound');

/** n8n's database as far as a stream is concerned. It lets the first file wait at its beginning until it is told to go on. */
class SlowDatabase {
	began = 0;

	goOn: () => void = () => undefined;

	readonly #told = new Promise<void>((resolve) => {
		this.goOn = resolve;
	});

	async store(_location: unknown, stream: Readable): Promise<{ fileId: string; fileSize: number }> {
		await once(stream, 'readable');
		this.began += 1;
		await this.#told;
		let fileSize = 0;
		stream.on('data', (chunk: Buffer) => {
			fileSize += chunk.length;
		});
		await once(stream, 'end');
		return { fileId: `${this.began}`, fileSize };
	}
}

let database = new SlowDatabase();

beforeEach(async () => {
	vi.stubEnv('N8N_DEFAULT_BINARY_DATA_MODE', 'database');
	// The longest wait before a new attempt, so that the other run is always the first to ask for the connection.
	vi.spyOn(Math, 'random').mockReturnValue(0.99);
	database = new SlowDatabase();
	const service = await useBinaryStore('database');
	service.setManager('database', database as never);
});
afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllEnvs();
});

async function download(credential: ICredentialDataDecryptedObject, path: string): Promise<INodeExecutionData[]> {
	const parameters = { download: 'file', path, options: {} };
	return (await runNode(new DownloadRecording(), { parameters, credential })).output;
}

describe.each(PROTOCOLS)('two runs with one connection and room for one file, %s', (protocol) => {
	test('end, although each has what the other needs', async () => {
		const tenant = await startTenant(protocol, { 'a.bin': LARGE, 'b.bin': LARGE });
		const credential = { ...tenant.settings, platform: 'custom', tenantTimeZone: 'UTC', maxConnections: 1 };
		const asCredential = { ...credential, hostKeyFingerprints: '' } as unknown as ICredentialDataDecryptedObject;
		const first = download(asCredential, 'a.bin');
		await eventually('the first file has the room', () => database.began === 1);
		const second = download(asCredential, 'b.bin');
		await pause(100);
		// The first keeps its room, and the second gets the connection.
		tenant.proxy.strike('reset');
		database.goOn();
		const files = (await Promise.all([first, second])).flat().map(({ json }) => json['download']);
		expect(files).toMatchObject([
			{ path: 'a.bin', bytes: LARGE.length, resumed: true },
			{ path: 'b.bin', bytes: LARGE.length },
		]);
	});
});
