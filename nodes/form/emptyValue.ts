/** Whether a field was left empty, or its expression comes out as nothing: its default counts then. */
export function isEmptyValue(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}
