import { NodeOperationError } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import { ResolveTenantDay } from '../../../nodes/ResolveTenantDay/ResolveTenantDay.node';
import { credential, runNode } from './runNode';

const node = new ResolveTenantDay();

describe('Resolve Tenant Day', () => {
	it("turns the 8x8 page's example into two directories, without a credential", async () => {
		const { output } = await runNode(node, {
			parameters: { period: 'date', date: '2016-06-06', timeZone: 'America/Los_Angeles' },
		});
		const day = {
			tenantDay: '2016-06-06',
			timeZone: 'America/Los_Angeles',
			dayStartUtc: '2016-06-06T07:00:00.000Z',
			dayEndUtc: '2016-06-07T07:00:00.000Z',
			parts: 2,
		};
		expect(output).toEqual([
			{
				json: {
					...day,
					directory: 'S20160606',
					fromUtc: '2016-06-06T07:00:00.000Z',
					toUtc: '2016-06-07T00:00:00.000Z',
					part: 1,
				},
				pairedItem: { item: 0 },
			},
			{
				json: {
					...day,
					directory: 'S20160607',
					fromUtc: '2016-06-07T00:00:00.000Z',
					toUtc: '2016-06-07T07:00:00.000Z',
					part: 2,
				},
				pairedItem: { item: 0 },
			},
		]);
	});

	it("takes the credential's zone when the node gives none", async () => {
		const { output } = await runNode(node, { parameters: { period: 'date', date: '2016-06-06' }, credential });
		expect(output.map((item) => item.json['directory'])).toEqual(['S20160606', 'S20160607']);
	});

	it('gives one item per day, a skipped day included, when days are asked for', async () => {
		const parameters = {
			period: 'dateRange',
			startDate: '2011-12-29',
			endDate: '2011-12-31',
			timeZone: 'Pacific/Apia',
		};
		const days = await runNode(node, { parameters: { ...parameters, output: 'days' } });
		expect(
			days.output.map(({ json }) => [json['tenantDay'], json['hours'], (json['directories'] as unknown[]).length]),
		).toEqual([
			['2011-12-29', 24, 2],
			['2011-12-30', 0, 0],
			['2011-12-31', 24, 2],
		]);
		const directories = await runNode(node, { parameters });
		expect(directories.output.map(({ json }) => json['directory'])).toEqual([
			'S20111229',
			'S20111230',
			'S20111230',
			'S20111231',
		]);
		expect(directories.hints.map(({ message }) => message)).toEqual([
			'Tenant day 2011-12-30 has no hours: the clocks of Pacific/Apia skipped it.',
		]);
	});

	it('runs once for each item, with its own values', async () => {
		const items = [{ json: { day: '2016-06-06' } }, { json: { day: '2016-06-08' } }];
		const { output } = await runNode(node, {
			parameters: { period: 'date', date: '={{ $json.day }}', timeZone: 'UTC' },
			items,
		});
		expect(output.map(({ json, pairedItem }) => [json['directory'], json['parts'], pairedItem])).toEqual([
			['S20160606', 1, { item: 0 }],
			['S20160608', 1, { item: 1 }],
		]);
	});

	it('says which item and what to do when something is wrong, and goes on with the others', async () => {
		const parameters = { period: 'date', date: '={{ $json.day }}', timeZone: 'UTC' };
		const items = [{ json: { day: '2016-02-30' } }, { json: { day: '2016-06-08' } }];
		const failure = await runNode(node, { parameters, items }).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(NodeOperationError);
		expect(failure).toMatchObject({
			message: '2016-02-30 is not a day in the calendar',
			description: expect.stringContaining('yyyy-MM-dd'),
			context: { itemIndex: 0 },
		});

		const error = '2016-02-30 is not a day in the calendar. Give a date that exists, as yyyy-MM-dd.';
		const regular = await runNode(node, { parameters, items, onError: 'continueRegularOutput' });
		expect(regular.output[0]).toEqual({ json: { day: '2016-02-30', error }, pairedItem: { item: 0 } });
		expect(regular.output[1]?.json['directory']).toBe('S20160608');
		// n8n adds the input's fields to an item that holds nothing but its error.
		const split = await runNode(node, { parameters, items, onError: 'continueErrorOutput' });
		expect(split.output[0]).toEqual({ json: { error }, pairedItem: { item: 0 } });
	});

	it.each(['={{ $("Nowhere").item.json.date }}', '={{ $("8x8 Resolve Tenant Day").item.json.date }}'])(
		'sends people to their expression %s when n8n cannot evaluate it',
		async (date) => {
			const parameters = { period: 'date', date, timeZone: 'UTC' };
			await expect(runNode(node, { parameters })).rejects.toMatchObject({
				name: 'NodeOperationError',
				description: expect.stringMatching(/^Correct the expressions in this node's fields\./),
			});
		},
	);

	it.each(['={{ $json. }}', '={{ $json["day }}', '={{ }}'])(
		'sends people to their expression %s when its syntax is wrong',
		async (date) => {
			await expect(runNode(node, { parameters: { period: 'date', date, timeZone: 'UTC' } })).rejects.toMatchObject({
				message: "An expression in this node's fields cannot be read: its syntax is wrong",
				description: expect.stringContaining('correct the one that the editor marks'),
			});
		},
	);

	it('refuses a period and an output that there are not', async () => {
		const parameters = { period: 'date', date: '2016-06-06', timeZone: 'UTC' };
		await expect(runNode(node, { parameters: { ...parameters, period: 'lastWeek' } })).rejects.toMatchObject({
			message: "'lastWeek' is no value of 'Period'",
			description: "Set 'Period' to one of yesterday, today, date, dateRange, lastDays.",
		});
		await expect(runNode(node, { parameters: { ...parameters, output: 'hours' } })).rejects.toThrow(
			"'hours' is no value of 'Output'",
		);
	});

	it('asks for a time zone when there is none anywhere, and refuses one that is not', async () => {
		const parameters = { period: 'date', date: '2016-06-06' };
		await expect(runNode(node, { parameters })).rejects.toMatchObject({
			message: 'No time zone is given',
			description: expect.stringContaining("'Time Zone'"),
		});
		await expect(runNode(node, { parameters: { ...parameters, timeZone: 'Pacific Time' } })).rejects.toThrow(
			"'Pacific Time' is not an IANA time zone",
		);
	});
});
