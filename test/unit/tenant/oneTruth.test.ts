import { describe, expect, it } from 'vitest';

import { compareDays } from '../../../tenant/comparison/compareDays';
import { PollBudget } from '../../../tenant/polling/pollBudget';
import type { PollState } from '../../../tenant/polling/pollState';
import { pollIndex } from '../../../tenant/polling/watchIndex';
import { isProven } from '../../../tenant/reading/dayEvidence';
import { AUTOMATIC_FORMAT } from '../../../tenant/reading/indexFileReading';
import { readTenantDays } from '../../../tenant/reading/tenantReading';
import type { Judgement } from '../../../recordings/callFilter';
import { addDays, tenantDay } from '../../../recordings/tenantDay';
import { MemoryStore } from '../nodes/memoryStore';
import { randomOf, randomTenant, truthOf } from './randomTenant';
import type { RandomFile, RandomTenant } from './randomTenant';
import { fuzzRuns } from '../fuzzRuns';

const TENANTS = fuzzRuns(15).numRuns;
/** No test lasts so long. */
const budget = new PollBudget(10 * 3_600_000);
const HOUR = 3_600_000;

function storeOf({ calls }: RandomTenant, files: readonly RandomFile[]): MemoryStore {
	const store = new MemoryStore();
	for (const { recordingId } of calls) store.put(recordingId, 'x');
	for (const { path, text } of files) store.put(path, text);
	return store;
}

/** The first difference between what a tenant's nodes say and what is true, for a message; `undefined` when there is none. */
async function contradiction(seed: number): Promise<string | undefined> {
	const tenant = randomTenant(seed);
	const { clock, days } = tenant;
	const files = tenant.files.filter(({ isLate }) => !isLate);
	const store = storeOf(tenant, files);
	const reading = { store, tenantDirectory: '', clock, signal: undefined };
	// The first and the last days lack a neighbour by which the stamping is told.
	const inner = days.slice(1, -2);
	const asked = [inner, [inner[Math.floor(randomOf(seed)() * inner.length)] ?? '']];
	for (const dates of asked) {
		const tenantDays = dates.map((date) => tenantDay(date, clock));
		const request = { ...reading, detail: 'auto', format: AUTOMATIC_FORMAT, judge: (): Judgement => 'met' } as const;
		const listed = await readTenantDays(request, tenantDays);
		const compared = await compareDays({ ...reading, asksForTimes: false }, tenantDays);
		const proven = new Set(compared.days.map(({ date }) => date));
		for (const date of dates) {
			const truth = truthOf(tenant, files, date);
			const ids = listed.calls.filter(({ row }) => row.tenantDay === date).map(({ row }) => row.recordingId ?? '');
			const evidence = listed.days.find(({ day }) => day.date === date);
			const isCovered = evidence !== undefined && isProven(evidence);
			if (isCovered !== truth.isCovered) return `${date} is ${truth.isCovered ? '' : 'not '}covered`;
			if (ids.sort().join() !== truth.calls.join())
				return `${date} has ${truth.calls.join()}, listed are ${ids.join()}`;
			if (proven.has(date) !== truth.isCovered) return `${date}: Reconcile Day says otherwise than List Index`;
			const matched = compared.matched
				.filter(({ row }) => row.tenantDay === date)
				.map(({ row }) => row.recordingId ?? '');
			const expected = truth.isCovered ? truth.calls : [];
			if (matched.sort().join() !== expected.join()) return `${date} matches ${matched.join()}`;
		}
	}
	return await firstWeekContradiction(tenant);
}

/** Lives through the tenant's days with a poll after each night; late files come a day later. */
async function firstWeekContradiction(tenant: RandomTenant): Promise<string | undefined> {
	const { clock, days, calls, files } = tenant;
	const [firstDay = ''] = days;
	const store = storeOf(tenant, []);
	store.put('Index/notes.txt', '');
	let state: PollState | undefined;
	const emitted: string[] = [];
	const early = new Set<string>();
	for (let step = 0; step < 12; step++) {
		const date = addDays(firstDay, step);
		const now = tenantDay(date, clock).toUtc + HOUR;
		const there = files.filter(
			({ writtenAfter, isLate }) => (isLate ? addDays(writtenAfter, 1) : writtenAfter) <= date,
		);
		for (const { path, text } of there) if (!store.files.has(path)) store.put(path, text);
		const outcome = await pollIndex(
			{
				store,
				tenantDirectory: '',
				isSftp: true,
				clock,
				now,
				judge: () => 'met',
				lookbackDays: 3,
				maximumItems: 1_000,
				emitExisting: true,
				budget,
				warn: () => undefined,
			},
			state,
		);
		state = JSON.parse(JSON.stringify(outcome.state)) as PollState;
		for (const item of outcome.items) {
			emitted.push(item.recordingId ?? '');
			const isDetailed = 'indexDetail' in item && item.indexDetail === 'detailed';
			const writesDetailed = there.some(({ edition }) => edition === 'detailed');
			const call = calls.find(({ recordingId }) => recordingId === item.recordingId);
			if (!isDetailed && writesDetailed && now < (call?.recordedUtc ?? 0) + 36 * HOUR)
				early.add(item.recordingId ?? '');
		}
	}
	if (early.size > 0) return `the trigger did not wait with ${[...early].join()}`;
	const listed = calls
		.filter((call) => files.some((file) => file.calls.includes(call)))
		.map((call) => call.recordingId);
	if (emitted.sort().join() !== listed.sort().join())
		return `the trigger emits ${emitted.join()} and not ${listed.join()}`;
	return undefined;
}

describe('List Index, Reconcile Day and the trigger', () => {
	it(
		'agree with what is true of a tenant, however it keeps and stamps its index',
		async () => {
			for (let seed = 1; seed <= TENANTS; seed++) expect(await contradiction(seed), `tenant ${seed}`).toBeUndefined();
		},
		60_000 + TENANTS * 200,
	);
});
