/** One item as it left a node. */
export interface OutputItem {
	readonly json: Readonly<Record<string, unknown>>;
	/** Binary properties, without their bytes. */
	readonly binary: Readonly<Record<string, unknown>>;
	/** Index of the input item that it came from, `undefined` when the node named none. */
	readonly pairedItem: number | undefined;
}

export interface ExecutionError {
	/** Class of the error, such as `NodeApiError`. */
	readonly name: string;
	readonly message: string;
	readonly description: string | undefined;
}

/** One run of one node. */
export interface NodeResult {
	/** Items by output; a regular node's error output is its last. */
	readonly outputs: readonly (readonly OutputItem[])[];
	readonly error: ExecutionError | undefined;
	/** Messages that the node attached to the execution. */
	readonly hints: readonly string[];
	readonly milliseconds: number;
}

export interface ExecutionResult {
	readonly id: string;
	readonly status: string;
	/** By node name; only nodes that ran. */
	readonly nodes: ReadonlyMap<string, NodeResult>;
	/** What ended the execution, `undefined` when nothing failed. */
	readonly error: ExecutionError | undefined;
	/** Everything that n8n stored about the execution, as stored: for looking that something is not in it. */
	readonly stored: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * n8n stores run data in the "flatted" format: a list of values in which a string stands for the index of the value
 * that belongs there, so that values may refer to each other in circles.
 */
function unflatten(stored: string): unknown {
	const values: unknown[] = JSON.parse(stored);
	const done = new Map<number, unknown>();
	const resolve = (reference: unknown): unknown => {
		if (typeof reference !== 'string') return reference;
		const index = Number(reference);
		if (done.has(index)) return done.get(index);
		const value = values[index];
		if (typeof value !== 'object' || value === null) return value;
		const whole: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
		done.set(index, whole);
		for (const [key, inner] of Object.entries(value)) Reflect.set(whole, key, resolve(inner));
		return whole;
	};
	return resolve('0');
}

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function executionError(value: unknown): ExecutionError | undefined {
	if (typeof value !== 'object' || value === null) return undefined;
	const { name, message, description } = fields(value);
	return {
		name: String(name ?? ''),
		message: String(message ?? ''),
		description: typeof description === 'string' ? description : undefined,
	};
}

function outputItem(value: unknown): OutputItem {
	const item = fields(value);
	const paired = Array.isArray(item['pairedItem']) ? item['pairedItem'][0] : item['pairedItem'];
	const index = typeof paired === 'number' ? paired : fields(paired)['item'];
	return {
		json: fields(item['json']),
		binary: fields(item['binary']),
		pairedItem: typeof index === 'number' ? index : undefined,
	};
}

function nodeResult(value: unknown): NodeResult {
	const run = fields(value);
	return {
		outputs: list(fields(run['data'])['main']).map((output) => list(output).map(outputItem)),
		error: executionError(run['error']),
		hints: list(run['hints']).map((hint) => String(fields(hint)['message'] ?? '')),
		milliseconds: Number(run['executionTime'] ?? 0),
	};
}

/** Reads an execution as n8n stores it. A node that ran several times shows its last run. */
export function executionResult(id: string, status: string, stored: string): ExecutionResult {
	const resultData = fields(fields(unflatten(stored))['resultData']);
	const nodes = new Map<string, NodeResult>();
	for (const [name, runs] of Object.entries(fields(resultData['runData']))) {
		const last = list(runs).at(-1);
		if (last !== undefined) nodes.set(name, nodeResult(last));
	}
	return { id, status, nodes, error: executionError(resultData['error']), stored };
}

/** Items of a node's output; throws when the node did not run, with what ended the execution instead. */
export function itemsOf(result: ExecutionResult, node: string, output = 0): readonly OutputItem[] {
	const ran = result.nodes.get(node);
	if (ran !== undefined) return ran.outputs[output] ?? [];
	const reason = result.error === undefined ? '' : `: ${result.error.message}`;
	throw new Error(`"${node}" did not run in execution ${result.id} (${result.status})${reason}`);
}
