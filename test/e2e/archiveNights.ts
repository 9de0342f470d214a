import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningDemo } from '../../demo/startDemo';
import { itemsOf, type ExecutionResult } from '../../testbed/n8nHost/executionResult';
import type { StoredCredential } from '../../testbed/n8nHost/n8nClient';
import type { FilledIn } from '../../testbed/n8nHost/workflowFile';
import { startEmbeddedSftp } from '../../testbed/servers/embeddedSftp';
import { callAt, DiskTenant } from '../../testbed/tenant/diskTenant';
import type { PlannedCall, TenantCall } from '../../testbed/tenant/tenantCall';
import { CREDENTIAL_TYPE, sftpCredential } from '../../testbed/tenant/tenantCredential';
import { ARCHIVES, type Archive } from './standIns/archive';
import type { Mailbox } from './standIns/mailbox';
import { START as ONLY_START, testWorkflow } from './testWorkflow';

const START = 'Run by Hand';
const REPORT_TO = 'ops@tenant.example.com';

/** The n8n that the archives are tried in, and what belongs to it. What is a function is there once the tests run. */
export interface ArchiveHost {
	demo(): RunningDemo;
	mailbox(): Mailbox;
	/** Directory that n8n may write into. */
	writable(): string;
	stored(type: string, data: Readonly<Record<string, unknown>>): Promise<StoredCredential>;
	smtp(): Promise<StoredCredential>;
	/** Puts a workflow of `workflows/` into n8n under this id, which comes back. */
	put(file: string, filledIn: FilledIn, id: string): Promise<string>;
	atTheEnd(close: () => Promise<void>): void;
}

interface Night {
	readonly execution: ExecutionResult;
	/** Keys that the archive got. */
	readonly written: readonly string[];
	/** Of the mail that was sent. */
	readonly subject: string;
	readonly text: string;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const ofCalls = (keys: Iterable<string>): string[] => [...keys].filter((key) => /\.(?:wav|json)$/.test(key)).sort();
const ofIndexes = (keys: Iterable<string>): string[] => [...keys].filter((key) => key.endsWith('.csv')).sort();
/** So many at least, or the test has nothing to try. */
function several<Item>(items: readonly Item[]): readonly [Item, Item, Item, Item, ...Item[]] {
	const [first, second, third, fourth, ...others] = items;
	if (first === undefined || second === undefined || third === undefined || fourth === undefined)
		throw new Error(`Only ${items.length} of them`);
	return [first, second, third, fourth, ...others];
}

/** Describes the archive workflows, each with a place of its own to store into, over several nights. */
export function describeArchives(host: ArchiveHost): void {
	for (const variant of ARCHIVES) {
		const reason = variant.missing === undefined ? '' : ` (${variant.missing})`;
		describe.skipIf(variant.missing !== undefined)(`the nightly archive ${variant.name}${reason}`, () => {
			describeNights(host, variant);
		});
	}
}

function describeNights(host: ArchiveHost, { file, workflowId, days, open }: (typeof ARCHIVES)[number]): void {
	let archive: Archive;
	beforeAll(async () => {
		archive = await open(host.writable());
		host.atTheEnd(async () => await archive.close());
	});

	const tenant = (): RunningDemo['tenant'] => host.demo().tenant;
	const connection = (): StoredCredential => {
		const [first] = host.demo().connections;
		if (first === undefined) throw new Error('The demo has no connection');
		return first.credential;
	};
	const tenantDays = (): readonly string[] => tenant().days.slice(-days);
	const calls = (): TenantCall[] => tenant().calls.filter(({ tenantDay }) => tenantDays().includes(tenantDay));
	const inTenant = (path: string): string => join(tenant().root, path);
	const subjectOf = (verdict: string): string =>
		`8x8 recordings of ${days === 1 ? '' : `${tenantDays()[0]} to `}${tenantDays().at(-1)}: ${verdict}`;

	const wavKey = ({ tenantDay, path }: PlannedCall): string => archive.key(tenantDay, path);
	const jsonKey = ({ tenantDay, path }: PlannedCall): string => archive.key(tenantDay, path.replace(/wav$/, 'json'));
	const keysOf = (some: readonly PlannedCall[]): string[] =>
		some.flatMap((call) => [wavKey(call), jsonKey(call)]).sort();

	const night = async (credential = connection(), id = workflowId): Promise<Night> => {
		const filledIn = {
			credentials: [credential, await host.smtp(), ...(await archive.credentials(host.stored))],
			settings: { ...archive.settings, days: String(days), reportTo: REPORT_TO },
			active: archive.active ?? {},
		};
		await archive.changes();
		const before = host.mailbox().messages.length;
		const { client } = host.demo().n8n;
		const execution = await client.runWorkflow(await host.put(file, filledIn, id), START);
		const [mail, ...more] = host.mailbox().messages.slice(before);
		expect([mail?.to, more]).toEqual([REPORT_TO, []]);
		return { execution, written: await archive.changes(), subject: mail?.subject ?? '', text: mail?.text ?? '' };
	};
	const expectComplete = ({ execution, subject }: Night): void => {
		expect([execution.status, execution.error?.message]).toEqual(['success', undefined]);
		expect(subject).toBe(subjectOf('complete'));
	};
	const expectIncomplete = ({ execution, subject }: Night, message: string): void => {
		expect(execution.status).toBe('error');
		expect(execution.error?.message).toContain(message);
		expect(subject).toBe(subjectOf('NOT complete'));
	};

	it('stores the others when some cannot be fetched or stored, names each, and ends as failed', async () => {
		const [gone, empty, refused, halfRefused, ...others] = several(calls());
		const original = await readFile(inTenant(empty.path));
		await archive.refuse(wavKey(refused));
		await archive.refuse(jsonKey(halfRefused));
		await rename(inTenant(gone.path), `${inTenant(gone.path)}.aside`);
		await writeFile(inTenant(empty.path), '');
		try {
			const first = await night();
			expectIncomplete(first, '1 missing, 0 unindexed, 1 empty, 0 short, 4 not archived, 0 index files not stored');
			expect(first.text).toContain(`Stored in the archive: ${others.length}\nNot stored: 4\n`);
			for (const call of [gone, empty, refused, halfRefused])
				expect(first.text).toContain(`not stored: ${call.tenantDay} ${call.recordingId} (`);
			expect(first.text).toContain(`missing: ${gone.recordingId}`);
			expect(first.text).toContain(`empty: ${empty.recordingId}`);
			expect(ofCalls(first.written)).toEqual([...keysOf(others), wavKey(halfRefused)].sort());
		} finally {
			await rename(`${inTenant(gone.path)}.aside`, inTenant(gone.path));
			await writeFile(inTenant(empty.path), original);
			await archive.acceptAll();
		}
	});

	it('brings exactly what was missing the next night, and nothing the night after', async () => {
		const second = await night();
		expectComplete(second);
		expect(second.written).toEqual(keysOf(calls().slice(0, 4)));
		expect(second.text).toContain('Stored in the archive: 4\nNot stored: 0\nIndex files stored: 0\n');
		expect(second.text).toContain(`In the index and on the server: ${calls().length}\n`);
		const third = await night();
		expectComplete(third);
		expect(third.written).toEqual([]);
	});

	it('keeps every recording byte for byte, and beside it a JSON that equals its index row', async () => {
		const listing = testWorkflow('archivedrows', {
			type: 'listIndex',
			name: 'List Index',
			parameters: { readFrom: 'tenantDay', period: 'lastDays', days, filters: {}, options: {} },
			credential: connection(),
		});
		const { client } = host.demo().n8n;
		await client.putWorkflow(listing);
		const rows = itemsOf(await client.runWorkflow(listing.id, ONLY_START), 'List Index').map(({ json }) => json);
		const held = await archive.held();
		expect(ofCalls(held.keys())).toEqual(keysOf(calls()));
		expect(rows).toHaveLength(calls().length);
		for (const call of calls()) {
			const recording = held.get(wavKey(call)) ?? Buffer.alloc(0);
			expect(sha256(recording)).toBe(call.sha256);
			const { download, ...row } = JSON.parse(held.get(jsonKey(call))?.toString() ?? '{}');
			expect(row).toEqual(rows.find(({ recordingId }) => recordingId === call.recordingId));
			expect(download).toEqual({
				path: call.path,
				fileName: call.fileName,
				bytes: recording.length,
				sha256: call.sha256,
				wav: expect.objectContaining({ codec: call.codec, channels: call.channels }),
			});
		}
	});

	it('keeps the index files of each day as they are', async () => {
		const expected = new Map<string, string>();
		for (const day of tenantDays()) {
			const next = DateTime.fromISO(day).plus({ days: 1 }).toISODate() ?? '';
			// In Los Angeles a day lies in its own UTC directory and in the next one.
			const stamps = [day, next].map((date) => date.replaceAll('-', ''));
			for (const folder of ['Index', ...stamps.map((stamp) => `S${stamp}`)]) {
				const names = await readdir(inTenant(folder));
				for (const name of names.filter((one) => one.endsWith('.csv') && stamps.includes(one.slice(1, 9))))
					expected.set(archive.key(day, `${folder}/${name}`), sha256(await readFile(inTenant(`${folder}/${name}`))));
			}
		}
		const held = await archive.held();
		expect(new Map(ofIndexes(held.keys()).map((key) => [key, sha256(held.get(key) ?? Buffer.alloc(0))]))).toEqual(
			new Map([...expected].sort()),
		);
	});

	it('reports calls without a recording, recordings that are not on the server and those that no index lists', async () => {
		const last = several(calls().reverse())[0];
		const disk = new DiskTenant(tenant().root, Date.now);
		const index = `${last.directory}/I${last.directory.slice(1)}_version2.csv`;
		const text = await disk.text(index);
		const added = [9_201, 9_202, 9_203, 9_204].map((sequence) => callAt(last.startTimeUtc, sequence));
		const [whole, gone, silent, unindexed] = several(added);
		try {
			await disk.index(index, 'detailed', [whole, gone, silent]);
			await disk.put(index, (await disk.text(index)).replace(silent.fileName, 'N/A'));
			for (const { path } of [whole, unindexed]) await disk.put(path, await readFile(inTenant(last.path)));
			const found = await night();
			expectIncomplete(found, '2 missing, 1 unindexed, 0 empty');
			expect(found.text).toContain('Stored in the archive: 1\nNot stored: 2\n');
			expect(found.text).toContain(`not stored: ${gone.tenantDay} ${gone.recordingId} (`);
			expect(found.text).toMatch(
				new RegExp(`not stored: ${silent.tenantDay} a call without a recording, line \\d+ of ${index}\n`),
			);
			expect(found.text).toContain(`unindexed: ${unindexed.recordingId}`);
			expect(ofCalls(found.written)).toEqual(keysOf([whole]));
			expect(ofIndexes(found.written)).toContain(archive.key(last.tenantDay, index));
		} finally {
			await writeFile(inTenant(index), text);
			for (const { path } of [whole, unindexed]) await rm(inTenant(path), { force: true });
		}
	});

	it('stores the index and reports when there were no calls', async () => {
		const indexes = tenantDays().map((day) => `Index/I${day.replaceAll('-', '')}.csv`);
		const { credential, close } = await quietTenant(host, indexes);
		const quiet = await night(credential, `${workflowId}quiet`).finally(close);
		expectComplete(quiet);
		expect(quiet.text).toContain('Stored in the archive: 0\nNot stored: 0\n');
		expect([...new Set(quiet.written.map((key) => archive.pathOf(key)))].sort()).toEqual(indexes.sort());
	});

	// One will do: what it takes is the waiting before 8x8's server is asked again.
	if (days > 1) {
		it('reports when 8x8 does not answer', async () => {
			const { credential, close } = await quietTenant(host, []);
			await close();
			const unreachable = await night(credential, `${workflowId}quiet`);
			expectIncomplete(unreachable, '0 not archived');
			expect(unreachable.text).toContain('not read: ');
			expect(unreachable.written).toEqual([]);
		});
	}
}

/** A tenant whose index files have a header and no rows. */
async function quietTenant(
	host: ArchiveHost,
	indexes: readonly string[],
): Promise<{ readonly credential: StoredCredential; close(): Promise<void> }> {
	const root = await mkdtemp(join(host.demo().tenant.root, '..', 'quiet-'));
	const disk = new DiskTenant(root, Date.now);
	for (const path of indexes) await disk.index(path, 'detailed', []);
	const access = { root, username: 'quiet', password: 'Quiet-Tenant-1' };
	const server = await startEmbeddedSftp(access);
	const login = { ...access, host: server.host, port: server.port, tenantTimeZone: host.demo().tenant.timeZone };
	const credential = await host.stored(CREDENTIAL_TYPE, sftpCredential(login, server.fingerprint));
	return { credential, close: async () => await server.close() };
}
