import { describe, expect, it } from 'vitest';

import { callFilter, CallFilterError } from '../../../recordings/callFilter';
import type { CallFilters } from '../../../recordings/callFilter';
import { indexRow } from './indexRowFixture';

const call = indexRow({
	callType: 'inbound',
	agentName: 'Agent One',
	queueName: 'Sales (West)',
	wrapUpCode: 'Complaint: billing',
	customerNumber: '+1 (415) 555-0100',
	phoneChannel: '8005550199',
	durationSeconds: 60,
	caseId: '4711',
});

describe('a filter', () => {
	it.each<[CallFilters, boolean]>([
		[{}, true],
		[{ wrapUpCodes: '', agentNames: ' , ', callTypes: [] }, true],
		[{ wrapUpCodes: 'complaint*' }, true],
		[{ wrapUpCodes: 'Sale, COMPLAINT: BILLING' }, true],
		[{ wrapUpCodes: 'Complaint' }, false],
		[{ wrapUpCodes: '*bill*' }, true],
		[{ wrapUpCodes: ['Sale', 'Complaint*'] }, true],
		[{ wrapUpCodes: '"Complaint: billing"' }, true],
		[{ queueNames: 'Sales (West)' }, true],
		[{ queueNames: 'Sales .West.' }, false],
		[{ agentNames: 'agent one', callTypes: ['outbound'] }, false],
		[{ agentNames: 'agent one', callTypes: ['outbound', 'inbound'] }, true],
		[{ callTypes: 'Outbound, Inbound' }, true],
		[{ callTypes: null as unknown as string[] }, true],
		[{ listedWrapUpCodes: ['Complaint: billing'] }, true],
		[{ listedWrapUpCodes: ['Sale', 'COMPLAINT: BILLING'] }, true],
		[{ listedWrapUpCodes: ['Complaint*'] }, false],
		[{ listedWrapUpCodes: ['Sale'], wrapUpCodes: 'Complaint*' }, true],
		[{ listedWrapUpCodes: ['Complaint: billing'], wrapUpCodes: 'Sale' }, true],
		[{ listedWrapUpCodes: [] }, true],
		[{ listedQueueNames: ['Sales (West)'] }, true],
		[{ listedQueueNames: 'Support, Sales (West)' }, true],
		[{ listedQueueNames: ['Support, Sales (West)'] }, false],
		[{ listedAgentNames: ['Agent One'], listedQueueNames: ['Support'] }, false],
		[{ caseIds: 4711 }, true],
		[{ transactionIds: '*' }, false],
		[{ caseIds: '*' }, true],
		[{ phoneNumber: '555-0100' }, true],
		[{ phoneNumber: '0199' }, true],
		[{ phoneNumber: '555' }, false],
		[{ minimumDuration: 60, maximumDuration: 60 }, true],
		[{ minimumDuration: 61 }, false],
		[{ maximumDuration: 59 }, false],
		[{ minimumDuration: ' 61 ' as unknown as number }, false],
		[{ minimumDuration: ' ' as unknown as number, maximumDuration: ' ' as unknown as number }, true],
	])('%j lets the call through: %s', (filters, expected) => {
		expect(callFilter(filters)(call)).toBe(expected);
	});

	it.each(['agentNames', 'listedAgentNames'] as const)(
		'in %s finds a name whose accents are written in one piece or two',
		(filter) => {
			for (const [typed, indexed] of [['NFC', 'NFD'] as const, ['NFD', 'NFC'] as const]) {
				const filters = { [filter]: ['Zoë Ünal'.normalize(typed)] };
				expect(callFilter(filters)(indexRow({ agentName: 'Zoë Ünal'.normalize(indexed) }))).toBe(true);
			}
		},
	);

	it('on a field that the row does not have lets nothing through, but a minimum of 0 asks for nothing', () => {
		expect(callFilter({ outdialCodes: 'x' })(call)).toBe(false);
		expect(callFilter({ minimumDuration: 0 })(indexRow())).toBe(true);
		expect(callFilter({ minimumDuration: 1 })(indexRow())).toBe(false);
		expect(callFilter({ maximumDuration: 10 })(indexRow())).toBe(false);
	});

	it.each<[CallFilters, string]>([
		[{ phoneNumber: 'abc' }, "'abc' has no digits"],
		[{ callTypes: ['incoming'] }, "'incoming' is not a type of call"],
		[{ minimumDuration: 10, maximumDuration: 5 }, 'longer than the maximum'],
		[{ minimumDuration: 'long' as unknown as number }, "'long' is not a number of seconds"],
		[{ maximumDuration: -1 }, "'-1' is not a number of seconds"],
		[{ maximumDuration: false as unknown as number }, "'false' is not a number of seconds"],
	])('%j is refused', (filters, message) => {
		expect(() => callFilter(filters)).toThrow(CallFilterError);
		expect(() => callFilter(filters)).toThrow(message);
	});
});
