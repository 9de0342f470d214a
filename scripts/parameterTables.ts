import type { INodeProperties, INodePropertyCollection, INodePropertyOptions } from 'n8n-workflow';

/** A parameter of a form, or what can be added to a collection of it. */
type Choice = INodePropertyOptions | INodeProperties | INodePropertyCollection;

const isOption = (choice: Choice): choice is INodePropertyOptions => 'value' in choice;
const isParameter = (choice: Choice): choice is INodeProperties => 'type' in choice && 'name' in choice;

/** Text that may stand in a cell of a Markdown table. n8n's descriptions may hold links in HTML; the text of those stays. */
function cell(text: string): string {
	return text
		.replace(/<[^>]+>/g, '')
		.replaceAll('|', '\\|')
		.replace(/\s+/g, ' ')
		.trim();
}

function shownValue(value: unknown): string {
	if (value === '' || value === undefined || value === null) return '';
	if (Array.isArray(value)) return value.map(shownValue).join(', ');
	if (typeof value === 'object') return 'value' in value ? shownValue(value.value) : '';
	return typeof value === 'string' && value.startsWith('=') ? `\`${value.slice(1)}\`` : `${String(value)}`;
}

/** The default as the form shows it: the name of an option rather than its value. */
function defaultOf({ type, default: value, options }: INodeProperties): string {
	if (type === 'boolean') return value === true ? 'on' : 'off';
	if (type === 'collection' || type === 'fixedCollection') return '';
	const chosen = (options ?? []).filter(isOption).find((option) => option.value === value);
	return cell(chosen?.name ?? shownValue(value));
}

function conditionOf(parameter: INodeProperties, all: readonly INodeProperties[]): string {
	const conditions = Object.entries(parameter.displayOptions?.show ?? {}).map(([name, values]) => {
		// A slash begins the name of a parameter outside of the collection.
		const other = all.find((candidate) => candidate.name === name.replace(/^\//, ''));
		const names = (values ?? []).map((value) => {
			const option = (other?.options ?? []).filter(isOption).find((candidate) => candidate.value === value);
			return `*${option?.name ?? (value === true ? 'on' : value === false ? 'off' : shownValue(value))}*`;
		});
		return `${other?.displayName ?? name} is ${names.join(' or ')}`;
	});
	return conditions.length === 0 ? '' : `Only when ${conditions.join(' and ')}. `;
}

function sentence(text: string): string {
	return text === '' || /[.!?:)]$/.test(text) ? text : `${text}.`;
}

function meaningOf(parameter: INodeProperties, all: readonly INodeProperties[]): string {
	const options = (parameter.options ?? [])
		.filter(isOption)
		.map(({ name, description }) => (description === undefined ? `*${name}*` : `*${name}*: ${description}`));
	const text = `${conditionOf(parameter, all)}${sentence(parameter.description ?? '')}`;
	const list = options.length === 0 ? '' : ` ${options.map(sentence).join(' ')}`;
	return cell(`${text}${list}`);
}

function table(parameters: readonly INodeProperties[], all: readonly INodeProperties[]): string {
	const rows = parameters
		.filter(({ type }) => type !== 'notice' && type !== 'hidden')
		.map((parameter) => {
			const name = `**${cell(parameter.displayName)}**${parameter.required === true ? ' (required)' : ''}`;
			return `| ${name}<br>\`${parameter.name}\` | ${defaultOf(parameter)} | ${meaningOf(parameter, all)} |`;
		});
	return ['| Parameter | Default | What it means |', '|---|---|---|', ...rows].join('\n');
}

/** The Markdown tables of a form: one for its parameters, and one for each collection that more can be added from. */
export function parameterTables(properties: readonly INodeProperties[]): string {
	const collections = properties.filter(({ type }) => type === 'collection');
	const parts = collections.map((collection) => {
		const members = (collection.options ?? []).filter(isParameter);
		return `### ${collection.displayName}\n\nThe object \`${collection.name}\`; each is there once it is added.\n\n${table(members, [...members, ...properties])}`;
	});
	const plain = properties.filter(({ type }) => type !== 'collection');
	const isEmpty = plain.every(({ type }) => type === 'notice' || type === 'hidden');
	return [...(isEmpty ? [] : [table(plain, properties)]), ...parts].join('\n\n');
}

const START = '<!-- parameters:start (written by `npm run docs`) -->';
const END = '<!-- parameters:end -->';

/** The page with the tables of this form between its two marks. Throws when the page has no marks. */
export function withParameterTables(page: string, properties: readonly INodeProperties[]): string {
	const [from, to] = [page.indexOf(START), page.indexOf(END)];
	if (from < 0 || to < from) throw new Error(`The page needs the lines ${START} and ${END}`);
	return `${page.slice(0, from + START.length)}\n\n${parameterTables(properties)}\n\n${page.slice(to)}`;
}
