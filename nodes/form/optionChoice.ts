import { ExplainedError } from '../../tenant/explainedError';
import { isEmptyValue } from './emptyValue';

/**
 * A field or an option with fixed values, as an expression or a workflow that was written by hand may give it. Nothing at all
 * means the default, the first of the values.
 *
 * @throws ExplainedError for anything but one of the values
 */
export function optionChoice<Value extends string>(
	label: string,
	given: unknown,
	values: readonly [Value, ...Value[]],
): Value {
	if (isEmptyValue(given)) return values[0];
	const chosen = values.find((value) => value === given);
	if (chosen !== undefined) return chosen;
	throw new ExplainedError(
		`'${String(given)}' is no value of '${label}'`,
		`Set '${label}' to one of ${values.join(', ')}.`,
	);
}
