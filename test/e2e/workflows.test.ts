import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile, mkdtemp, appendFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WaveFile } from 'wavefile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemsOf, type ExecutionResult } from '../../testbed/n8nHost/executionResult';
import type { StoredCredential } from '../../testbed/n8nHost/n8nClient';
import { DEMO_RELEASE } from '../../testbed/n8nHost/n8nRelease';
import { startDemo, type RunningDemo } from '../../demo/startDemo';
import type { PlannedCall, TenantCall } from '../../testbed/tenant/tenantCall';
import { activate, deactivate, everySeconds, executionsOf, until } from '../../testbed/n8nHost/activeWorkflow';
import { callAt, DiskTenant } from '../../testbed/tenant/diskTenant';
import { describeArchives } from './archiveNights';
import { startChatModel } from './standIns/chatModel';
import { startHttpStandIn, type HttpStandIn } from './standIns/httpStandIn';
import { HUBSPOT_STEPS, startHubSpot, type HubSpot } from './standIns/hubSpot';
import { startMailbox, type Mailbox } from './standIns/mailbox';
import { multipartForm } from './standIns/multipartForm';
import { SALESFORCE_STEPS, startSalesforce, type Salesforce } from './standIns/salesforce';
import { StepFaults } from './standIns/stepFaults';
import { workflowFile, WORKFLOWS_DIRECTORY, type FilledIn } from '../../testbed/n8nHost/workflowFile';

const START = 'Run by Hand';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const idsOf = (calls: readonly TenantCall[]): string[] => calls.map((call) => call.recordingId).sort();
/** What the example files keep with `Sale, Complaint*`. */
const isSaleOrComplaint = ({ wrapUpCode }: TenantCall): boolean =>
	wrapUpCode?.toLowerCase() === 'sale' || wrapUpCode?.toLowerCase().startsWith('complaint') === true;

describe('the workflows of workflows/ in a real n8n', () => {
	let directory = '';
	/** Where n8n may write files. */
	const archived = (): string => join(directory, 'archived');
	let demo: RunningDemo;
	let mailbox: Mailbox;
	const closing: (() => Promise<void>)[] = [];
	const ran = new Set<string>(['nightly-index-to-crm.json']);

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		demo = await startDemo({
			directory,
			days: 3,
			protocols: ['sftp'],
			n8nEnv: { N8N_RESTRICT_FILE_ACCESS_TO: archived() },
		});
		mailbox = await startMailbox();
	});

	afterAll(async () => {
		for (const close of closing) await close();
		await mailbox?.close();
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	const tenant = (): StoredCredential => {
		const [connection] = demo.connections;
		if (connection === undefined) throw new Error('The demo has no connection');
		return connection.credential;
	};
	const stored = async (type: string, data: Readonly<Record<string, unknown>>): Promise<StoredCredential> =>
		await demo.n8n.client.putCredential(`Test ${type}`, type, data);
	const smtp = async (): Promise<StoredCredential> =>
		await stored('smtp', { host: '127.0.0.1', port: mailbox.port, secure: false, disableStartTls: true });
	const service = async (...given: Parameters<typeof startHttpStandIn>): Promise<HttpStandIn> => {
		const server = await startHttpStandIn(...given);
		closing.push(() => server.close());
		return server;
	};
	const put = async (
		file: string,
		filledIn: FilledIn,
		id = file.replace(/[^a-z]/g, '').slice(0, 16),
	): Promise<string> => {
		ran.add(file);
		await demo.n8n.client.putWorkflow(await workflowFile(file, id, filledIn));
		return id;
	};
	const run = async (file: string, filledIn: FilledIn): Promise<ExecutionResult> =>
		await demo.n8n.client.runWorkflow(await put(file, filledIn), START);
	const expectSuccess = (execution: ExecutionResult): void => {
		expect([execution.status, execution.error?.message]).toEqual(['success', undefined]);
	};
	const yesterday = (keeps: (call: TenantCall) => boolean = () => true): TenantCall[] => {
		const day = demo.tenant.days.at(-1);
		return demo.tenant.calls.filter((call) => call.tenantDay === day && keeps(call));
	};

	/** What the workflows that look back three days find: the demo's tenant has no more. */
	const lastDays = (keeps: (call: TenantCall) => boolean): TenantCall[] => demo.tenant.calls.filter(keeps);

	/** A step without the pauses that spare a real service. */
	const WITHOUT_PAUSES = { options: { timeout: 30_000 } };
	/** The calls of a filter that keeps a few, delivered under a name of their own: what other tests delivered does not count. */
	const deliveredAs = (deliveryName: string): Record<string, Record<string, unknown>> => ({
		'List Index': {
			filters: { wrapUpCodes: 'Sale, Complaint*' },
			options: { onlyUndelivered: true, deliveryName },
		},
		'Mark Delivered': { options: { deliveryName } },
		'Mark as Reported': { options: { deliveryName } },
	});
	/** Runs a workflow night after night until all troubles are over, and once more; gives what each night reported. */
	const nights = async (file: string, filledIn: FilledIn, faults: StepFaults): Promise<string[]> => {
		const reports: string[] = [];
		while (reports.length < 6 && (faults.left.length > 0 || reports.at(-1) !== '')) {
			const { status, error } = await run(file, filledIn);
			reports.push(status === 'success' ? '' : (error?.message ?? status));
		}
		expect(faults.left).toEqual([]);
		return reports;
	};
	/** MP3 of speech at 8 kHz has 24 kbit/s for each channel, behind one frame that says how long it is. */
	const isMp3Of = (bytes: Buffer, { channels, durationSeconds }: TenantCall): boolean =>
		bytes.readUInt16BE(0) >> 5 === 0x7ff && Math.abs(bytes.length / (3_000 * channels) - durationSeconds) < 0.5;

	describeArchives({
		demo: () => demo,
		mailbox: () => mailbox,
		writable: archived,
		stored,
		smtp,
		put,
		atTheEnd: (close) => closing.push(close),
	});

	describe('backfill of past days to the CRM', () => {
		const FILE = 'backfill-days-to-crm.json';
		const backfill = async (days: readonly (string | undefined)[]): Promise<ExecutionResult> => {
			const filledIn = {
				credentials: [tenant(), await stored('httpHeaderAuth', { name: 'X-Backfill-Key', value: 'backfill-key' })],
				settings: {
					startDate: days[0] ?? '',
					endDate: days.at(-1) ?? '',
					address: demo.n8n.url,
					atATime: '2',
				},
				parameters: { 'Send to CRM': { url: demo.crm.deliveryUrl } },
			};
			const id = await put(FILE, filledIn);
			await activate(demo.n8n.client, id);
			return await demo.n8n.client.runWorkflow(id, START);
		};
		const delivered = (since: number): string[] =>
			demo.crm
				.deliveries()
				.slice(since)
				.map(({ recordingId }) => recordingId)
				.sort();

		it('names what could not be delivered and what no index lists, after everything else went through', async () => {
			const [gone, ...others] = lastDays(() => true);
			if (gone === undefined) throw new Error('The tenant has no calls');
			const file = join(demo.tenant.root, gone.path);
			const extra = `${gone.path.slice(0, -8)}9999.wav`;
			const before = demo.crm.deliveries().length;
			await writeFile(join(demo.tenant.root, extra), await readFile(file));
			await rename(file, `${file}.aside`);
			try {
				const execution = await backfill(demo.tenant.days);
				expect(execution.status).toBe('error');
				expect(execution.error?.message).toContain('1 calls are not in the CRM');
				expect(execution.error?.message).toContain(`${gone.tenantDay} not delivered: ${gone.recordingId}`);
				expect(execution.error?.message).toContain(`missing: ${gone.recordingId}`);
				expect(execution.error?.message).toContain(`unindexed: ${extra}`);
				expect(delivered(before)).toEqual(idsOf(others));
				const failed = (await executionsOf(demo.n8n.client, 'backfilldaystocr')).filter(
					({ nodes }) => nodes.has('Directory to Do') && nodes.has('Report Failures'),
				);
				expect(failed.map(({ status }) => status)).toEqual(['error', 'error', 'error']);
				expect(failed[0]?.error?.message).toContain(gone.recordingId);
			} finally {
				await rename(`${file}.aside`, file);
				await rm(join(demo.tenant.root, extra));
			}
		});

		it('delivers only the rest when it is started again, and nothing when nothing is missing', async () => {
			const [gone] = lastDays(() => true);
			const before = demo.crm.deliveries().length;
			for (let run = 0; run < 2; run += 1) {
				const execution = await backfill(demo.tenant.days);
				expectSuccess(execution);
				const [result] = itemsOf(execution, 'Complete');
				expect(result?.json['result']).toContain(`all ${demo.tenant.calls.length} recordings of `);
				expect(delivered(before)).toEqual([gone?.recordingId]);
			}
		});

		it('delivers calls whose recordings lie in the UTC directory before or after, each once', async () => {
			const day = demo.tenant.days.at(-1) ?? '';
			// In the middle of the tenant day, 16:00 or 17:00 in Los Angeles.
			const midnight = Date.parse(`${day}T00:00:00Z`) + 86_400_000;
			const at = (seconds: number): string => new Date(midnight + seconds * 1_000).toISOString();
			const recordedElsewhere = (began: number, recorded: number, sequence: number): PlannedCall => {
				const { directory: folder, fileName, path, recordingId, recordedAtUtc } = callAt(at(recorded), sequence);
				return { ...callAt(at(began), sequence), directory: folder, fileName, path, recordingId, recordedAtUtc };
			};
			const calls = [recordedElsewhere(-10, 5, 9_100), recordedElsewhere(10, -5, 9_101)];
			const disk = new DiskTenant(demo.tenant.root, Date.now);
			const index = `Index/I${day.replaceAll('-', '')}.csv`;
			const detailed = calls.map(({ directory }) => `${directory}/I${directory.slice(1)}_version2.csv`);
			const texts = await Promise.all([index, ...detailed].map(async (path) => [path, await disk.text(path)] as const));
			const [original] = lastDays((call) => call.tenantDay === day);
			if (original === undefined) throw new Error('The tenant has no calls');
			const before = demo.crm.deliveries().length;
			try {
				for (const { path } of calls) await disk.put(path, await readFile(join(demo.tenant.root, original.path)));
				await disk.index(index, 'basic', calls);
				// A call that only the basic index lists would wait for the other.
				for (const [position, call] of calls.entries()) await disk.index(detailed[position] ?? '', 'detailed', [call]);
				expectSuccess(await backfill([day]));
				expect(delivered(before)).toEqual(calls.map(({ recordingId }) => recordingId).sort());
			} finally {
				for (const [path, text] of texts) await writeFile(join(demo.tenant.root, path), text);
				for (const { path } of calls) await rm(join(demo.tenant.root, path));
			}
		});

		it('says that it could not hand out a directory, and where it tried to', async () => {
			const id = await put(FILE, {
				credentials: [tenant(), await stored('httpHeaderAuth', { name: 'X-Backfill-Key', value: 'backfill-key' })],
				settings: {
					startDate: demo.tenant.days[0] ?? '',
					endDate: demo.tenant.days[0] ?? '',
					address: `${demo.n8n.url}/elsewhere`,
				},
				parameters: {
					'Send to CRM': { url: demo.crm.deliveryUrl },
					'What Is Missing': { options: { onlyUndelivered: true, deliveryName: 'Another CRM' } },
				},
			});
			const execution = await demo.n8n.client.runWorkflow(id, START);
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toContain('Handing out failed: ');
			expect(execution.error?.message).toContain('404');
		});
	});

	describe("yesterday's index as a spreadsheet", () => {
		interface Cell {
			readonly t: string;
			readonly v: unknown;
		}
		interface SheetReader {
			read(bytes: Buffer): {
				readonly SheetNames: readonly string[];
				readonly Sheets: Readonly<Record<string, Readonly<Record<string, Cell>>>>;
			};
			readonly utils: { sheet_to_json(sheet: unknown): Readonly<Record<string, unknown>>[] };
		}

		it('mails an Excel file with one row per call, its numbers as text', async () => {
			const before = mailbox.messages.length;
			expectSuccess(await run('yesterdays-index-as-spreadsheet.json', { credentials: [tenant(), await smtp()] }));
			const [mail, ...more] = mailbox.messages.slice(before);
			expect(more).toEqual([]);
			expect(mail?.subject).toBe(`8x8 calls of ${demo.tenant.days.at(-1)}`);
			const file = mail?.parts.find(({ fileName }) => fileName !== undefined);
			expect(file?.fileName).toBe(`8x8-calls-${demo.tenant.days.at(-1)}.xlsx`);
			const reader: SheetReader = createRequire(join(DEMO_RELEASE.directory, 'package.json'))('xlsx');
			const book = reader.read(file?.bytes ?? Buffer.alloc(0));
			expect(book.SheetNames).toEqual(['Calls']);
			const calls = yesterday();
			const rows = reader.utils.sheet_to_json(book.Sheets['Calls']);
			expect(rows.map((row) => row['Recording'])).toEqual(calls.map((call) => call.recordingId));
			for (const [index, call] of calls.entries()) {
				expect(rows[index]).toMatchObject({
					Day: call.tenantDay,
					Start: call.startTime.slice(0, 19).replace('T', ' '),
					Seconds: call.durationSeconds,
					'Call Type': call.callTypeLabel,
					Agent: call.agentName,
					Customer: call.customerPhone,
					Transaction: call.transactionId,
				});
			}
			const [first] = rows;
			const column = String.fromCharCode(65 + Object.keys(first ?? {}).indexOf('Customer'));
			expect(book.Sheets['Calls']?.[`${column}2`]).toMatchObject({ t: 's', v: calls[0]?.customerPhone });
		});
	});

	describe('transcription hand-off', () => {
		const FILE = 'transcription-hand-off.json';
		/** n8n sends several at once, so they come in any order; the recordings' names put them in order of time. */
		const handedOver = (system: HttpStandIn): Record<string, unknown>[] =>
			system.requests
				.map(({ body }): Record<string, unknown> => JSON.parse(body.toString()))
				.sort((a, b) => String(a['recordingId']).localeCompare(String(b['recordingId'])));

		it('sends each recording of the filter to the service and hands its transcript over with the call', async () => {
			const heard: string[] = [];
			const service1 = await service(async (request) => {
				if (request.headers.authorization !== 'Bearer speech-key') return { status: 401 };
				const { fields, files } = await multipartForm(request);
				const file = files.get('file');
				if (fields.get('model') !== 'whisper-1' || file === undefined) return { status: 400 };
				heard.push(sha256(file.bytes));
				return { status: 200, json: { text: `Words of ${file.fileName}` } };
			});
			const system = await service(() => ({ status: 201, json: { kept: true } }));
			const seconds = 6;
			expectSuccess(
				await run(FILE, {
					credentials: [tenant(), await stored('httpBearerAuth', { token: 'speech-key' })],
					settings: {
						transcriptionUrl: `${service1.url}/v1/audio/transcriptions`,
						transcriptsUrl: `${system.url}/transcripts`,
					},
					// The demo's calls last 3 to 9 seconds.
					parameters: {
						Transcribe: WITHOUT_PAUSES,
						'List Index': { filters: { callTypes: ['inbound', 'outbound'], minimumDuration: seconds } },
					},
				}),
			);
			const calls = lastDays((call) => call.callType !== 'directAgentAccess' && call.durationSeconds >= seconds);
			expect(calls.length).toBeGreaterThan(2);
			expect([...heard].sort()).toEqual(calls.map((call) => call.sha256).sort());
			expect(handedOver(system)).toEqual(
				calls.map((call) => ({
					recordingId: call.recordingId,
					startTime: call.startTime,
					agentName: call.agentName,
					queueName: call.queueName,
					wrapUpCode: call.wrapUpCode,
					customerPhone: call.customerPhone,
					transactionId: call.transactionId,
					durationSeconds: call.durationSeconds,
					transcript: `Words of ${call.fileName}`,
				})),
			);
		});

		it('hands the others over when the service refuses one, and names that one', async () => {
			const [unheard, ...others] = lastDays(isSaleOrComplaint);
			const service1 = await service(async (request) => {
				const { files } = await multipartForm(request);
				const fileName = files.get('file')?.fileName;
				return fileName === unheard?.fileName
					? { status: 422 }
					: { status: 200, json: { text: `Words of ${fileName}` } };
			});
			const system = await service(() => ({ status: 201 }));
			const execution = await run(FILE, {
				credentials: [tenant(), await stored('httpBearerAuth', { token: 'speech-key' })],
				settings: { transcriptionUrl: service1.url, transcriptsUrl: system.url },
				parameters: { Transcribe: WITHOUT_PAUSES, ...deliveredAs('Codes') },
			});
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toContain('At least 1 calls did not get through: ');
			expect(execution.error?.message).toContain(unheard?.recordingId);
			expect(handedOver(system).map(({ recordingId, transcript }) => [recordingId, transcript])).toEqual(
				others.map((call) => [call.recordingId, `Words of ${call.fileName}`]),
			);
		});

		/** A service that refuses what is larger than `maximum` bytes with 413, as they do, and keeps the names and types of the rest. */
		const serviceUpTo = async (maximum: number): Promise<{ server: HttpStandIn; heard: Map<string, string> }> => {
			const heard = new Map<string, string>();
			const server = await service(async (request) => {
				if (request.body.length > maximum) return { status: 413, json: { error: { message: 'Too large' } } };
				const { fileName = '', mimeType = '' } = (await multipartForm(request)).files.get('file') ?? {};
				heard.set(fileName, mimeType);
				return { status: 200, json: { text: `Words of ${fileName}` } };
			});
			return { server, heard };
		};

		it('sends a call that is too large as it was recorded as MP3, below the 25 MB of the service', async () => {
			const day = demo.tenant.days.at(-1) ?? '';
			const seconds = 14 * 60;
			// In the middle of the tenant day.
			const call = {
				...callAt(new Date(Date.parse(`${day}T20:00:00Z`)).toISOString(), 9_200),
				durationSeconds: seconds,
			};
			const wav = new WaveFile();
			wav.fromScratch(2, 8_000, '16', [new Int16Array(seconds * 8_000), new Int16Array(seconds * 8_000)]);
			const recorded = Buffer.from(wav.toBuffer());
			expect(recorded.length).toBeGreaterThan(25 * 1_048_576);
			const disk = new DiskTenant(demo.tenant.root, Date.now);
			const index = `${call.directory}/I${call.directory.slice(1)}_version2.csv`;
			const text = await disk.text(index);
			const { server, heard } = await serviceUpTo(25 * 1_048_576);
			const system = await service(() => ({ status: 201 }));
			try {
				await disk.put(call.path, recorded);
				await disk.index(index, 'detailed', [call]);
				expectSuccess(
					await run(FILE, {
						credentials: [tenant(), await stored('httpBearerAuth', { token: 'speech-key' })],
						settings: { transcriptionUrl: server.url, transcriptsUrl: system.url },
						parameters: { 'List Index': { filters: { minimumDuration: seconds } } },
					}),
				);
				const mp3 = call.fileName.replace('.wav', '.mp3');
				expect([...heard]).toEqual([[mp3, 'audio/mpeg']]);
				expect(handedOver(system)).toMatchObject([{ recordingId: call.recordingId, transcript: `Words of ${mp3}` }]);
				expect(server.requests.map(({ body }) => body.length < 6_000_000)).toEqual([true]);
			} finally {
				await writeFile(join(demo.tenant.root, index), text);
				await rm(join(demo.tenant.root, call.path));
			}
		});

		it('never sends what is too large even as MP3, and names it once', async () => {
			const maximumMB = 0.02;
			const { server, heard } = await serviceUpTo(maximumMB * 1_000_000 + 2_000);
			const system = await service(() => ({ status: 201 }));
			const filledIn = {
				credentials: [tenant(), await stored('httpBearerAuth', { token: 'speech-key' })],
				settings: { transcriptionUrl: server.url, transcriptsUrl: system.url, maximumMB: String(maximumMB) },
				parameters: { Transcribe: WITHOUT_PAUSES, ...deliveredAs('Small') },
			};
			const calls = lastDays(isSaleOrComplaint);
			// Mono takes 3,000 bytes a second.
			const large = calls.filter(({ durationSeconds }) => durationSeconds * 3_000 > maximumMB * 1_000_000);
			expect(large.length).toBeGreaterThan(0);
			const execution = await run(FILE, filledIn);
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toMatch(
				new RegExp(`^${large.length} calls are larger than the 0.02 MB of maximumMB`),
			);
			for (const { recordingId } of large) expect(execution.error?.message).toContain(recordingId);
			expect(heard.size).toBe(calls.length - large.length);
			expect(server.requests).toHaveLength(heard.size);
			expectSuccess(await run(FILE, filledIn));
			expect(server.requests).toHaveLength(heard.size);
		});
	});

	describe('AI agent that answers about calls', () => {
		it("answers from what List Index found with the model's own arguments", async () => {
			const day = demo.tenant.days.at(-1) ?? '';
			const model = await startChatModel(
				'model-key',
				() => ({ startDate: day, endDate: day, agentNames: 'Agent Two', queueNames: '', wrapUpCodes: 'Complaint*' }),
				(result) => `Found: ${[...new Set(result.match(/S\d{8}\/R\d+\.wav/g) ?? [])].sort().join(', ')}`,
			);
			closing.push(() => model.server.close());
			const file = 'ai-agent-answers-about-calls.json';
			const question = 'Which calls with the wrap-up code Complaint did Agent Two take yesterday?';
			const CHAT = 'When Chat Message Received';
			ran.add(file);
			const workflow = await workflowFile(file, 'answersAboutCalls', {
				credentials: [
					tenant(),
					await stored('openAiApi', { apiKey: 'model-key', url: `${model.server.url}/v1`, header: false }),
				],
			});
			const message = { sessionId: 'one', action: 'sendMessage', chatInput: question };
			await demo.n8n.client.putWorkflow({ ...workflow, pinData: { [CHAT]: [{ json: message }] } });
			const execution = await demo.n8n.client.runWorkflow(workflow.id, CHAT);
			expectSuccess(execution);

			const [asked, answered, ...more] = model.turns;
			expect(more).toEqual([]);
			expect(asked?.question).toContain(question);
			expect(asked?.system).toContain(`yesterday was ${day}`);
			expect(asked?.tools).toHaveLength(1);
			expect(asked?.tools[0]?.parameters).toMatchObject({
				required: expect.arrayContaining(['startDate', 'endDate']),
				properties: { wrapUpCodes: { type: 'string' }, agentNames: { type: 'string' } },
			});
			const calls = yesterday(
				(call) => call.agentName === 'Agent Two' && call.wrapUpCode?.startsWith('Complaint') === true,
			);
			expect(calls.length).toBeGreaterThan(0);
			expect(answered?.toolResult).toContain(calls[0]?.startTime);
			const [answer] = itemsOf(execution, 'AI Agent');
			expect(answer?.json['output']).toBe(`Found: ${idsOf(calls).join(', ')}`);
		});
	});

	describe('nightly index to HubSpot', () => {
		const FILE = 'nightly-index-to-hubspot.json';
		const started = async (known: string, faults?: StepFaults): Promise<HubSpot> => {
			const hubspot = await startHubSpot('hub-token', known, faults);
			closing.push(() => hubspot.server.close());
			return hubspot;
		};
		const filledInFor = async (
			{ server }: HubSpot,
			settings: FilledIn['settings'] = {},
			parameters: FilledIn['parameters'] = {},
		): Promise<FilledIn> => ({
			credentials: [tenant(), await stored('hubspotAppToken', { appToken: 'hub-token' })],
			settings: { hubspotUrl: server.url, ...settings },
			parameters: { ...Object.fromEntries(HUBSPOT_STEPS.map((step) => [step, WITHOUT_PAUSES])), ...parameters },
		});

		it('stores each recording as a private file, logs a call with it for the contact, and names a call that is refused', async () => {
			const calls = lastDays(isSaleOrComplaint);
			const refused = calls[2]?.recordingId ?? 'nothing';
			const known = calls[0]?.customerPhone ?? '';
			const hubspot = await started(known);
			hubspot.refused.add(refused);
			const filledIn = await filledInFor(hubspot);
			const execution = await run(FILE, filledIn);
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toContain(`At least 1 calls did not get into HubSpot: ${refused}.`);
			expect(execution.error?.message).toContain('Property values were not valid');
			expect(hubspot.calls).toHaveLength(calls.length - 1);
			for (const call of calls.filter(({ recordingId }) => recordingId !== refused)) {
				const { properties, associations } =
					hubspot.calls.find(({ properties: { hs_call_body: body } }) => body?.endsWith(call.recordingId)) ?? {};
				expect(properties).toMatchObject({
					hs_timestamp: call.startTimeUtc,
					hs_call_direction: call.callType === 'outbound' ? 'OUTBOUND' : 'INBOUND',
					hs_call_status: 'COMPLETED',
					hs_call_duration: String(call.durationSeconds * 1_000),
					hs_call_external_id: call.recordingId,
				});
				expect(properties?.['hs_call_title']).toContain(call.wrapUpCode);
				expect([properties?.['hs_call_from_number'], properties?.['hs_call_to_number']]).toContain(call.customerPhone);
				const file = hubspot.files.get(`/8x8 recordings/${call.directory}/${call.fileName}`);
				expect(file?.id).toBe(properties?.['hs_attachment_ids']);
				expect(sha256(file?.bytes ?? Buffer.alloc(0))).toBe(call.sha256);
				expect(file?.options).toContain('PRIVATE');
				expect(associations).toEqual(
					call.customerPhone === known
						? [{ to: { id: '77' }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 194 }] }]
						: [],
				);
			}

			// The next night only the refused call is left to deliver.
			hubspot.refused.clear();
			const before = hubspot.calls.length;
			expectSuccess(await run(FILE, filledIn));
			expect(hubspot.calls.slice(before).map(({ properties }) => properties['hs_call_external_id'])).toEqual([refused]);
		});

		it('has each call once with its recording, whichever step was refused or lost its answer, and names once what is too large', async () => {
			const faults = new StepFaults(HUBSPOT_STEPS);
			const hubspot = await started('', faults);
			const maximumMB = 0.1;
			const fits = ({ bytes }: TenantCall): boolean => bytes <= maximumMB * 1_000_000;
			const large = lastDays((call) => isSaleOrComplaint(call) && !fits(call));
			expect(large.length).toBeGreaterThan(0);
			const reports = await nights(
				FILE,
				await filledInFor(hubspot, { maximumMB: String(maximumMB) }, deliveredAs('Faults')),
				faults,
			);
			const calls = lastDays((call) => isSaleOrComplaint(call) && fits(call));
			expect(hubspot.calls.map(({ properties }) => properties['hs_call_external_id']).sort()).toEqual(idsOf(calls));
			for (const { properties } of hubspot.calls) {
				const call = calls.find(({ recordingId }) => recordingId === properties['hs_call_external_id']);
				const file = hubspot.files.get(`/8x8 recordings/${call?.path}`);
				expect([file?.id, sha256(file?.bytes ?? Buffer.alloc(0))]).toEqual([
					properties['hs_attachment_ids'],
					call?.sha256,
				]);
			}
			expect(hubspot.files.size).toBe(calls.length);
			for (const { recordingId } of large)
				expect(reports.map((report) => report.includes(recordingId))).toEqual(reports.map((_, night) => night === 0));
			expect(reports[0]).toContain(`At least ${HUBSPOT_STEPS.length * 2} calls did not get into HubSpot: `);
			expect(reports[0]).toContain(`${large.length} calls are larger than the ${maximumMB} MB of maximumMB`);
		});
	});

	describe('nightly index to Salesforce', () => {
		const FILE = 'nightly-index-to-salesforce.json';
		const started = async (faults?: StepFaults): Promise<Salesforce> => {
			const salesforce = await startSalesforce('sales-token', faults);
			closing.push(() => salesforce.server.close());
			return salesforce;
		};
		const filledInFor = async (
			{ server }: Salesforce,
			settings: FilledIn['settings'] = {},
			parameters: FilledIn['parameters'] = {},
		): Promise<FilledIn> => ({
			credentials: [
				tenant(),
				// n8n keeps the token, and with it the address, of an OAuth credential that is written again.
				await demo.n8n.client.putCredential(`Salesforce at ${server.url}`, 'salesforceOAuth2Api', {
					environment: 'production',
					oauthTokenData: { access_token: 'sales-token', instance_url: server.url },
				}),
			],
			settings,
			parameters,
		});
		const taskOf = (
			{ tasks }: Salesforce,
			{ recordingId }: TenantCall,
		): [string?, Readonly<Record<string, unknown>>?] =>
			[...tasks].find(([, { CallObject }]) => CallObject === recordingId) ?? [];
		const expectAttachedOnce = (salesforce: Salesforce, call: TenantCall): void => {
			const [taskId] = taskOf(salesforce, call);
			const attached = salesforce.files.filter(({ entity }) => entity['FirstPublishLocationId'] === taskId);
			expect(attached.map(({ entity, bytes }) => [entity['PathOnClient'], isMp3Of(bytes, call)])).toEqual([
				[call.fileName.replace('.wav', '.mp3'), true],
			]);
		};

		it('writes a task for each call and attaches its recording as MP3 to that task, also when a task is refused', async () => {
			const calls = lastDays(isSaleOrComplaint);
			const refused = calls[1]?.recordingId;
			const salesforce = await started();
			salesforce.refused.add(refused);
			const filledIn = await filledInFor(salesforce);
			const execution = await run(FILE, filledIn);
			expect(execution.status).toBe('error');
			expect(execution.error?.message).toContain(`At least 1 calls did not get into Salesforce whole: ${refused}.`);
			const taken = calls.filter(({ recordingId }) => recordingId !== refused);
			expect(salesforce.files).toHaveLength(taken.length);
			for (const call of taken) {
				expect(taskOf(salesforce, call)[1]).toMatchObject({
					Status: 'Completed',
					TaskSubtype: 'Call',
					Subject: `Call: ${call.wrapUpCode}`,
					CallDurationInSeconds: call.durationSeconds,
					Description: expect.stringContaining(call.customerPhone),
				});
				expectAttachedOnce(salesforce, call);
			}

			// The next night only the refused call is left to deliver.
			salesforce.refused.clear();
			const before = salesforce.files.length;
			expectSuccess(await run(FILE, filledIn));
			expect(salesforce.files.slice(before).map(({ entity }) => entity['PathOnClient'])).toEqual([
				calls[1]?.fileName.replace('.wav', '.mp3'),
			]);
		});

		it('has each call once with its recording, whichever step was refused or lost its answer, and names once what is too large', async () => {
			const faults = new StepFaults(SALESFORCE_STEPS);
			const salesforce = await started(faults);
			const maximumMB = 0.04;
			const fits = ({ durationSeconds, channels }: TenantCall): boolean =>
				durationSeconds * channels * 3_000 <= maximumMB * 1_000_000;
			const large = lastDays((call) => isSaleOrComplaint(call) && !fits(call));
			expect(large.length).toBeGreaterThan(0);
			const reports = await nights(
				FILE,
				await filledInFor(salesforce, { maximumMB: String(maximumMB) }, deliveredAs('Faults')),
				faults,
			);
			const calls = lastDays((call) => isSaleOrComplaint(call) && fits(call));
			expect([...salesforce.tasks.values()].map(({ CallObject }) => String(CallObject)).sort()).toEqual(idsOf(calls));
			expect(salesforce.files).toHaveLength(calls.length);
			for (const call of calls) expectAttachedOnce(salesforce, call);
			for (const { recordingId } of large)
				expect(reports.map((report) => report.includes(recordingId))).toEqual(reports.map((_, night) => night === 0));
			expect(reports[0]).toContain('At least 6 calls did not get into Salesforce whole: ');
			expect(reports[0]).toContain(`${large.length} calls are larger than the ${maximumMB} MB of maximumMB`);
		});
	});

	describe('Slack alert on wrap-up codes', () => {
		const FILE = 'slack-alert-on-wrap-up-codes.json';

		it('announces each new call with such a code once, nothing that was there before, and names a call that Slack refuses', async () => {
			const slack = await service(({ body }) =>
				body.toString().includes('Nobody')
					? { status: 404, type: 'text/plain', text: 'channel_not_found' }
					: { status: 200, type: 'text/plain', text: 'ok' },
			);
			const id = await put(FILE, {
				credentials: [tenant()],
				settings: { slackWebhookUrl: `${slack.url}/services/T1/B1/x` },
				parameters: {
					'8x8 Recording Trigger': { pollTimes: everySeconds(2) },
				},
			});
			await activate(demo.n8n.client, id);
			const last = yesterday().at(-1);
			if (last === undefined) throw new Error('The tenant has no calls');
			const index = join(demo.tenant.root, last.directory, `I${last.directory.slice(1)}_version2.csv`);
			const text = await readFile(index, 'utf8');
			const columns = text.slice(0, text.indexOf('\r\n')).split(',');
			const row = (sequence: number, code: string, seconds: number, agent = 'Agent Two'): string => {
				const cells: Record<string, string> = {
					'CALL TYPE': 'Inbound',
					'AGENT NAME': agent,
					'QUEUE NAME': 'Support',
					'CUSTOMER NUMBER': '4155550199',
					'WRAP UP CODE': code,
					DURATION: String(seconds),
					FILENAME: `${last.fileName.slice(0, -8)}${String(sequence).padStart(4, '0')}.wav`,
					DIRECTORY: last.directory,
				};
				return `${columns.map((column) => cells[column] ?? '').join(',')}\r\n`;
			};
			const name = (sequence: number): string =>
				`${last.directory}/${last.fileName.slice(0, -8)}${String(sequence).padStart(4, '0')}.wav`;
			const texts = (): string[] => slack.requests.map(({ body }) => JSON.parse(body.toString()).text);
			try {
				await appendFile(index, row(9_001, 'Complaint <Tax & Fees>', 30) + row(9_002, 'Sale', 30));
				await until('the first alert', () => slack.requests.length > 0);
				await appendFile(
					index,
					row(9_003, 'ESCALATED', 45) + row(9_004, 'Do Not Call', 5) + row(9_005, 'Do Not Call', 11),
				);
				await until('the other alerts', () => slack.requests.length >= 3);
				// Two more polls, which must find nothing to announce.
				await pause(5_000);
				expect(slack.requests.map(({ method, path }) => [method, path])).toEqual(
					Array.from({ length: 3 }, () => ['POST', '/services/T1/B1/x']),
				);
				expect(texts()[0]).toContain('*Complaint &lt;Tax &amp; Fees&gt;* by Agent Two in Support');
				expect(texts()[0]).toContain(`Recording ${name(9_001)}`);
				expect(texts()[1]).toContain(`Recording ${name(9_003)}`);
				expect(texts()[2]).toContain(`Recording ${name(9_005)}`);
				await appendFile(index, row(9_006, 'Escalated', 20, 'Nobody') + row(9_007, 'Escalated', 20));
				await until('the alerts of which one is refused', () => slack.requests.length >= 5);
				expect(texts()[4]).toContain(`Recording ${name(9_007)}`);
				const executions = await executionsOf(demo.n8n.client, id);
				expect(executions.map(({ status }) => status)).toEqual(['success', 'success', 'error']);
				expect(executions.at(-1)?.error?.message).toContain(`1 calls were not announced in Slack: ${name(9_006)}`);
			} finally {
				await deactivate(demo.n8n.client, id);
				await writeFile(index, text);
			}
		});
	});

	it('are all run by these tests', async () => {
		const files = (await readdir(WORKFLOWS_DIRECTORY)).filter((file) => file.endsWith('.json'));
		expect([...ran].sort()).toEqual(files.sort());
	});
});
