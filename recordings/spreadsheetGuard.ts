/**
 * A value without what exports put around it so that a spreadsheet takes it as text: `="4155550100"`, `=4155550100`, or an
 * apostrophe before a digit or a sign (before a letter it may belong to a name).
 */
export function withoutGuard(cell: string): string {
	const first = cell[0];
	if (first === '=') return /^="(.*)"$/s.exec(cell)?.[1]?.trim() ?? cell.replace(/^=(?=\+?\d+$)/, '');
	if (first === "'") return /^'([-+=@\d].*?)'?$/s.exec(cell)?.[1] ?? cell;
	return cell;
}
