import { CALL_TYPES } from './indexRow';
import type { CallType, IndexRow } from './indexRow';
import type { IndexColumn } from './indexColumn';

/** Conditions on a call, all optional, all of which have to hold. An empty one matches everything. */
export interface CallFilters {
	readonly callTypes?: TextList | undefined;
	/** Text lists: entries separated by commas, each matching the whole value, any case, `*` for anything. */
	readonly agentNames?: TextList | undefined;
	readonly queueNames?: TextList | undefined;
	readonly wrapUpCodes?: TextList | undefined;
	readonly outdialCodes?: TextList | undefined;
	readonly accountNumbers?: TextList | undefined;
	readonly caseIds?: TextList | undefined;
	readonly transactionIds?: TextList | undefined;
	/** Chosen from a list: each matches the whole value, any case, and nothing in it has a meaning. They add to those typed in. */
	readonly listedAgentNames?: TextList | undefined;
	readonly listedQueueNames?: TextList | undefined;
	readonly listedWrapUpCodes?: TextList | undefined;
	/** Digits; matches the end of the customer, called or channel number. */
	readonly phoneNumber?: TextList | undefined;
	/** Seconds, included. */
	readonly minimumDuration?: number | undefined;
	readonly maximumDuration?: number | undefined;
}

/** As typed, or as an expression gives it. */
export type TextList = string | number | ReadonlyArray<string | number>;

/** A filter that cannot mean anything; `filter` is its name in `CallFilters`. */
export class CallFilterError extends Error {
	override readonly name = 'CallFilterError';

	constructor(
		readonly filter: keyof CallFilters,
		message: string,
		readonly advice: string,
	) {
		super(message);
	}
}

type Condition = (row: IndexRow) => boolean;

/** A condition, and the columns that it looks at. */
interface ColumnCondition {
	readonly holds: Condition;
	readonly columns: readonly IndexColumn[];
}

/** What filters say of a call; `unknown` when it meets all that its file has columns for, and others are left. */
export type Judgement = 'met' | 'unmet' | 'unknown';

export type CallJudge = (row: IndexRow, columns: ReadonlySet<IndexColumn>) => Judgement;

const TEXT_FIELDS = {
	agentNames: 'agentName',
	queueNames: 'queueName',
	wrapUpCodes: 'wrapUpCode',
	outdialCodes: 'outdialCode',
	accountNumbers: 'accountNumber',
	caseIds: 'caseId',
	transactionIds: 'transactionId',
} as const;

type ListedName = 'listedAgentNames' | 'listedQueueNames' | 'listedWrapUpCodes';

/** Beside which text list the names chosen from a list count. */
const LISTED_NAMES: Partial<Record<keyof typeof TEXT_FIELDS, ListedName>> = {
	agentNames: 'listedAgentNames',
	queueNames: 'listedQueueNames',
	wrapUpCodes: 'listedWrapUpCodes',
};

/**
 * One test for all the filters.
 *
 * @throws CallFilterError
 */
export function callFilter(filters: CallFilters): Condition {
	const conditions = conditionsOf(filters);
	return (row) => conditions.every(({ holds }) => holds(row));
}

/**
 * One judgement by all the filters, of which those on columns that the row's file does not have can make none.
 *
 * @throws CallFilterError
 */
export function callJudge(filters: CallFilters): CallJudge {
	const conditions = conditionsOf(filters);
	return (row, columns) => {
		const failed = conditions.filter(({ holds }) => !holds(row));
		if (failed.length === 0) return 'met';
		return failed.every((condition) => condition.columns.some((column) => !columns.has(column))) ? 'unknown' : 'unmet';
	};
}

function conditionsOf(filters: CallFilters): ColumnCondition[] {
	const conditions: ColumnCondition[] = [];
	const callTypes = entriesOf(filters.callTypes).map(callTypeNamed);
	if (callTypes.length > 0) {
		const holds = (row: IndexRow): boolean => row.callType !== null && callTypes.includes(row.callType);
		conditions.push({ holds, columns: ['callType'] });
	}

	for (const name of Object.keys(TEXT_FIELDS) as Array<keyof typeof TEXT_FIELDS>) {
		const field = TEXT_FIELDS[name];
		const listed = LISTED_NAMES[name];
		const chosen = listed === undefined ? [] : namesOf(filters[listed]);
		const patterns = [...entriesOf(filters[name]).map(patternOf), ...chosen.map(exactly)];
		const holds = (row: IndexRow): boolean => {
			const value = inOnePiece(row[field] ?? '');
			return patterns.some((pattern) => pattern.test(value));
		};
		if (patterns.length > 0) conditions.push({ holds, columns: [field] });
	}

	const endings = entriesOf(filters.phoneNumber).map((entry) => {
		const digits = entry.replace(/\D/g, '');
		if (digits !== '') return digits;
		throw new CallFilterError(
			'phoneNumber',
			`'${entry}' has no digits to look for`,
			'Give the number, or its last digits.',
		);
	});
	if (endings.length > 0) {
		const holds = (row: IndexRow): boolean =>
			NUMBER_COLUMNS.some((column) => {
				const digits = row[column]?.replace(/\D/g, '') ?? '';
				return endings.some((ending) => digits.endsWith(ending));
			});
		conditions.push({ holds, columns: NUMBER_COLUMNS });
	}

	const minimum = seconds('minimumDuration', filters.minimumDuration);
	const maximum = seconds('maximumDuration', filters.maximumDuration);
	if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
		throw new CallFilterError(
			'minimumDuration',
			`The minimum duration (${minimum} s) is longer than the maximum (${maximum} s)`,
			'Swap the two, or empty one of them.',
		);
	}
	// A minimum of 0 asks for nothing, so it does not drop calls of unknown length.
	const lasts = (isWanted: (seconds: number) => boolean): void => {
		const holds = ({ durationSeconds }: IndexRow): boolean => durationSeconds !== null && isWanted(durationSeconds);
		conditions.push({ holds, columns: ['duration'] });
	};
	if (minimum !== undefined && minimum > 0) lasts((duration) => duration >= minimum);
	if (maximum !== undefined) lasts((duration) => duration <= maximum);
	return conditions;
}

const NUMBER_COLUMNS = ['customerNumber', 'calledNumber', 'phoneChannel'] as const;

function callTypeNamed(name: string): CallType {
	const type = CALL_TYPES.find((known) => known.toLowerCase() === name.toLowerCase());
	if (type !== undefined) return type;
	throw new CallFilterError(
		'callTypes',
		`'${name}' is not a type of call`,
		`Give one or more of ${CALL_TYPES.join(', ')}, or none for all of them.`,
	);
}

/** Entries of a list, without blanks around them. A comma inside an entry is written in double quotes: `"Sale, repeat"`. */
function entriesOf(list: TextList | undefined): string[] {
	if (list === undefined || list === null) return [];
	const texts = Array.isArray(list) ? list.map(String) : (String(list).match(/"[^"]*"|[^,\n]+/g) ?? []);
	return texts
		.map((text) =>
			text
				.trim()
				.replace(/^"(.*)"$/, '$1')
				.trim(),
		)
		.filter((text) => text !== '');
}

/** Names as an index has them, which may hold commas and quotes; an expression may give them as one text all the same. */
function namesOf(list: TextList | undefined): string[] {
	if (!Array.isArray(list)) return entriesOf(list);
	return list.map((name) => String(name).trim()).filter((name) => name !== '');
}

/** The whole value, any case; `*` stands for any characters. `*` alone asks for a value that is there. */
function patternOf(entry: string): RegExp {
	if (/^\*+$/.test(entry)) return /\S/;
	const source = entry.split(/\*+/).map(literally).join('.*');
	return new RegExp(`^${source}$`, 'isu');
}

/** The whole value, any case, nothing in it having a meaning. */
function exactly(entry: string): RegExp {
	return new RegExp(`^${literally(entry)}$`, 'isu');
}

function literally(text: string): string {
	return inOnePiece(text).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Letters with accents in one piece each, which keyboards and exports may as well write in two. */
function inOnePiece(text: string): string {
	return text.normalize('NFC');
}

function seconds(name: 'minimumDuration' | 'maximumDuration', value: unknown): number | undefined {
	if (value === undefined || value === null) return undefined;
	const text = String(value).trim();
	if (text === '') return undefined;
	const number = Number(text);
	if (Number.isFinite(number) && number >= 0) return number;
	throw new CallFilterError(
		name,
		`'${String(value)}' is not a number of seconds`,
		'Give a number of seconds, 0 or more.',
	);
}
