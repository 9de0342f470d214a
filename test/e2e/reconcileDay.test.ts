import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WaveFile } from 'wavefile';
import { itemsOf, type ExecutionResult } from '../../testbed/n8nHost/executionResult';
import { installPackage } from '../../testbed/n8nHost/packPackage';
import { startN8n, type RunningN8n } from '../../testbed/n8nHost/startN8n';
import { startEmbeddedSftp, type EmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { indexFile } from '../../testbed/tenant/indexFile';
import type { PlannedCall } from '../../testbed/tenant/tenantCall';
import { CREDENTIAL_TYPE, sftpCredential } from '../../testbed/tenant/tenantCredential';
import { callAt } from '../../testbed/tenant/diskTenant';
import { START, testWorkflow } from './testWorkflow';

const SECRET = `Test-${randomBytes(9).toString('hex')}-1`;
const DAY = '2016-06-06';
const DAY_START = Date.parse('2016-06-06T07:00:00Z');
const RECORDINGS = 5_000;
/** 5,000 calls then fill 23.6 of the day's 24 hours. */
const SECONDS_APART = 17;
const NODE = 'Reconcile Day';

/** What is done to a recording: its place in the day decides, so that both directories get some of each. */
const PLANTED = [
	['missing', 611],
	['unindexed', 577],
	['empty', 739],
	['truncated', 823],
	['tooShort', 997],
] as const;
type Plant = (typeof PLANTED)[number][0] | 'sound';

const plantOf = (index: number): Plant => PLANTED.find(([, every]) => index % every === every - 1)?.[0] ?? 'sound';

const secondsLong = (call: PlannedCall, durationSeconds: number): PlannedCall => ({ ...call, durationSeconds });

function oneSecond(): Buffer {
	const wave = new WaveFile();
	wave.fromScratch(1, 8_000, '8m', new Uint8Array(8_000).fill(0xff));
	return Buffer.from(wave.toBuffer());
}

const idsOf = (calls: readonly PlannedCall[]): string[] => calls.map((call) => call.recordingId).sort();

describe('Reconcile Day in a real n8n, over a day of 5,000 recordings', () => {
	let directory = '';
	let server: EmbeddedSftp;
	let n8n: RunningN8n;
	let result: ExecutionResult;
	const listed: string[] = [];
	const calls = Array.from({ length: RECORDINGS }, (_, index) => {
		const call = callAt(new Date(DAY_START + index * SECONDS_APART * 1_000).toISOString(), (index % 9_999) + 1);
		return secondsLong(call, plantOf(index) === 'tooShort' ? 30 : 1);
	});
	const planted = (...plants: readonly Plant[]): PlannedCall[] =>
		calls.filter((_, index) => plants.includes(plantOf(index)));
	// Of the day before, in the same UTC directory: none of this day's business, whether it is indexed or not.
	const dayBefore = [callAt('2016-06-06T06:30:00Z', 1), callAt('2016-06-06T06:40:00Z', 2)];

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-e2e-'));
		const root = join(directory, 'tenant');
		for (const name of ['Index', 'S20160606', 'S20160607']) await mkdir(join(root, name), { recursive: true });
		const audio = oneSecond();
		for (const [index, call] of calls.entries()) {
			const plant = plantOf(index);
			if (plant === 'missing') continue;
			const bytes = plant === 'empty' ? '' : plant === 'truncated' ? audio.subarray(0, 5_000) : audio;
			await writeFile(join(root, call.path), bytes);
		}
		for (const call of dayBefore) await writeFile(join(root, call.path), audio);
		const rows = calls.filter((_, index) => plantOf(index) !== 'unindexed');
		// Each edition knows calls that the other does not.
		const basic = rows.filter((_, index) => index % 10 !== 3);
		const detailed = rows.filter((_, index) => index % 10 !== 7);
		await writeFile(join(root, 'Index/I20160605.csv'), indexFile('basic', dayBefore.slice(0, 1)));
		await writeFile(join(root, 'Index/I20160606.csv'), indexFile('basic', basic));
		for (const name of ['S20160606', 'S20160607']) {
			const own = detailed.filter((call) => call.directory === name);
			await writeFile(join(root, name, `I${name.slice(1)}_version2.csv`), indexFile('detailed', own));
		}

		server = await startEmbeddedSftp({
			root,
			username: 'acmejets',
			password: SECRET,
			onListing: (path) => listed.push(path),
		});
		const userFolder = join(directory, 'n8n');
		await installPackage(userFolder);
		n8n = await startN8n({ userFolder, logFile: join(directory, 'logs', 'n8n.log') });
		await n8n.client.logIn({ email: 'owner@test.example.com', password: SECRET });
		const login = { host: server.host, port: server.port, username: 'acmejets', password: SECRET };
		const credential = await n8n.client.putCredential(
			'Tenant',
			CREDENTIAL_TYPE,
			sftpCredential({ ...login, tenantTimeZone: 'America/Los_Angeles' }, server.fingerprint),
		);
		const workflow = testWorkflow('reconcileDay5000', {
			type: 'reconcileDay',
			name: NODE,
			credential,
			parameters: { period: 'date', date: DAY, options: { checkSize: true } },
		});
		await n8n.client.putWorkflow(workflow);
		listed.length = 0;
		result = await n8n.client.runWorkflow(workflow.id, START);
	});

	afterAll(async () => {
		await n8n?.stop();
		await server?.close();
		await rm(directory, { recursive: true, force: true });
	});

	const found = (output: number, status: string): string[] =>
		itemsOf(result, NODE, output)
			.filter(({ json }) => json['status'] === status)
			.map(({ json }) => String(json['recordingId']))
			.sort();

	it('ends well and gives every recording once', () => {
		expect([result.status, result.error?.message]).toEqual(['success', undefined]);
		const counts = [0, 1, 2].map((output) => itemsOf(result, NODE, output).length);
		const [missing, unindexed] = [planted('missing').length, planted('unindexed').length];
		expect(counts).toEqual([RECORDINGS - missing - unindexed, missing, unindexed]);
		expect(found(0, 'ok')).toEqual(idsOf(planted('sound')));
	});

	it('finds exactly the planted missing, unindexed, empty and cut recordings, in both directories', () => {
		expect(found(1, 'missing')).toEqual(idsOf(planted('missing')));
		expect(found(2, 'unindexed')).toEqual(idsOf(planted('unindexed')));
		expect(found(0, 'empty')).toEqual(idsOf(planted('empty')));
		expect(found(0, 'short')).toEqual(idsOf(planted('truncated', 'tooShort')));
		for (const [plant] of PLANTED) {
			expect([plant, [...new Set(planted(plant).map((call) => call.directory))]]).toEqual([
				plant,
				['S20160606', 'S20160607'],
			]);
		}
	});

	it('sums the day up in a hint', () => {
		const { hints = [] } = result.nodes.get(NODE) ?? {};
		const [missing, unindexed, empty, short] = [
			planted('missing'),
			planted('unindexed'),
			planted('empty'),
			planted('truncated', 'tooShort'),
		].map((some) => some.length);
		const matched = RECORDINGS - planted('missing', 'unindexed').length;
		expect(hints[0]).toBe(
			`${DAY}: ${matched} matched (${empty} empty, ${short} short), ${missing} missing, ${unindexed} unindexed.`,
		);
	});

	it('lists each directory once', () => {
		expect(listed).toEqual([...new Set(listed)]);
		expect(listed).toEqual(expect.arrayContaining(['/Index', '/S20160606', '/S20160607']));
	});
});
