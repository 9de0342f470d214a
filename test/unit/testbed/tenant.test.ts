import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { DateTime } from 'luxon';
import { WaveFile } from 'wavefile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateTenant, TENANT_TIME_ZONE, type TenantOptions } from '../../../testbed/tenant/generateTenant';
import type { TenantManifest } from '../../../testbed/tenant/tenantCall';

const NOW = DateTime.fromISO('2026-11-03T12:00:00', { zone: TENANT_TIME_ZONE });

describe('the generated tenant', () => {
	let directory = '';
	let tenant: TenantManifest;
	const options = (name: string): TenantOptions => ({ root: join(directory, name), now: NOW, days: 3, seed: 'test' });

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-tenant-'));
		tenant = await generateTenant(options('tenant'));
	});

	afterAll(() => rm(directory, { recursive: true, force: true }));

	it('holds the complete tenant days before now, also across a change of the clock', () => {
		expect(tenant.days).toEqual(['2026-10-31', '2026-11-01', '2026-11-02']);
		for (const day of tenant.days) {
			expect(tenant.calls.filter((call) => call.tenantDay === day).length).toBeGreaterThanOrEqual(40);
		}
	});

	it('spreads a tenant day over two UTC directories', () => {
		const directories = new Set(
			tenant.calls.filter((call) => call.tenantDay === '2026-10-31').map((call) => call.directory),
		);
		expect([...directories]).toEqual(['S20261031', 'S20261101']);
	});

	it('stamps directory and file with the call start in UTC', () => {
		for (const call of tenant.calls) {
			const stamp = DateTime.fromISO(call.startTime).toUTC().toFormat('yyyyLLddHHmmss');
			expect(call.path).toBe(`S${stamp.slice(0, 8)}/R${stamp}${String(call.sequence).padStart(4, '0')}.wav`);
			expect(DateTime.fromISO(call.startTime, { zone: TENANT_TIME_ZONE }).toISODate()).toBe(call.tenantDay);
		}
		expect(new Set(tenant.calls.map((call) => call.recordingId)).size).toBe(tenant.calls.length);
	});

	it('has the bytes on disk that the manifest states', async () => {
		for (const call of tenant.calls) {
			const audio = await readFile(join(tenant.root, call.path));
			expect(audio.length).toBe(call.bytes);
			expect(createHash('sha256').update(audio).digest('hex')).toBe(call.sha256);
		}
		expect(new Set(tenant.calls.map((call) => call.sha256)).size).toBe(tenant.calls.length);
	});

	it('writes audio that another library reads, in every format and as long as the index says', async () => {
		const tags = { mulaw: 7, alaw: 6, pcm: 1 };
		const formats = new Set<string>();
		for (const call of tenant.calls) {
			const file = new WaveFile(await readFile(join(tenant.root, call.path)));
			const { audioFormat, numChannels, sampleRate, blockAlign } = { ...file.fmt } as Record<string, number>;
			const { chunkSize } = { ...file.data } as Record<string, number>;
			expect({ audioFormat, numChannels, sampleRate }).toEqual({
				audioFormat: tags[call.codec],
				numChannels: call.channels,
				sampleRate: 8_000,
			});
			expect(Number(chunkSize) / Number(blockAlign) / 8_000).toBe(call.durationSeconds);
			formats.add(`${call.codec} ${call.channels}`);
		}
		expect(formats.size).toBe(6);
	});

	it('lists each tenant day in the basic index and each UTC directory in the detailed one', async () => {
		const rows = async (path: string): Promise<Record<string, string>[]> =>
			parse(await readFile(join(tenant.root, path)), { columns: true });
		expect((await readdir(join(tenant.root, 'Index'))).sort()).toEqual([
			'I20261031.csv',
			'I20261101.csv',
			'I20261102.csv',
		]);
		const basic = await rows('Index/I20261101.csv');
		const ofDay = tenant.calls.filter((call) => call.tenantDay === '2026-11-01');
		expect(basic.map((row) => `${row['DIRECTORY']}/${row['FILENAME']}`)).toEqual(ofDay.map((call) => call.path));
		expect(basic[0]).not.toHaveProperty('WRAP UP CODE');
		const detailed = await rows('S20261102/I20261102_version2.csv');
		const inDirectory = tenant.calls.filter((call) => call.directory === 'S20261102');
		expect(detailed.map((row) => row['WRAP UP CODE'])).toEqual(inDirectory.map((call) => call.wrapUpCode ?? ''));
		expect(new Set(inDirectory.map((call) => call.tenantDay)).size).toBe(2);
	});

	it('has the variety that the demo shows', () => {
		const transactions = new Map<string, number>();
		for (const call of tenant.calls)
			transactions.set(call.transactionId, (transactions.get(call.transactionId) ?? 0) + 1);
		expect([...transactions.values()]).toContain(2);
		expect(new Set(tenant.calls.map((call) => call.callType)).size).toBe(3);
		expect(new Set(tenant.calls.map((call) => call.agentName)).size).toBe(3);
		expect(new Set(tenant.calls.map((call) => call.customerPhone)).size).toBeLessThan(25);
		expect(tenant.calls.some((call) => call.wrapUpCode === null)).toBe(true);
	});

	it('leaves a tree that is already there as it is', async () => {
		const file = join(tenant.root, 'Index', 'I20261101.csv');
		const before = await stat(file);
		expect(await generateTenant(options('tenant'))).toEqual(tenant);
		expect((await stat(file)).ctimeMs).toBe(before.ctimeMs);
	});

	it('gives the same calls for the same seed, and the days it had when the tenant is a day older', async () => {
		const again = await generateTenant(options('again'));
		expect(again.calls).toEqual(tenant.calls);
		const next = await generateTenant({ ...options('again'), now: NOW.plus({ days: 1 }) });
		expect(next.days).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
		expect(next.calls.filter((call) => call.tenantDay === '2026-11-02')).toEqual(
			tenant.calls.filter((call) => call.tenantDay === '2026-11-02'),
		);
	});
});
