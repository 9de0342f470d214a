import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EightByEightSftpApi } from '../../../credentials/EightByEightSftpApi.credentials';
import { DownloadRecording } from '../../../nodes/DownloadRecording/DownloadRecording.node';
import { ListIndex } from '../../../nodes/ListIndex/ListIndex.node';
import { MarkDelivered } from '../../../nodes/MarkDelivered/MarkDelivered.node';
import { ReconcileDay } from '../../../nodes/ReconcileDay/ReconcileDay.node';
import { RecordingTrigger } from '../../../nodes/RecordingTrigger/RecordingTrigger.node';
import { ResolveTenantDay } from '../../../nodes/ResolveTenantDay/ResolveTenantDay.node';

const ROOT = join(__dirname, '..', '..', '..');
/** The family's two colours, for n8n's light editor and for its dark one. */
const DARK_FOR = new Map([
	['#c4314b', '#ff6b81'],
	['#16324f', '#e8eef5'],
]);

interface Marked {
	readonly icon?: unknown;
}

/** The files of an icon, from the place of the class that names them. */
function files({ icon }: Marked, directory: string): { readonly light: string; readonly dark: string } {
	const place = (theme: string): string =>
		join(ROOT, directory, String(Reflect.get(Object(icon), theme)).replace(/^file:/, ''));
	return { light: place('light'), dark: place('dark') };
}

const NODES = [DownloadRecording, ListIndex, MarkDelivered, ReconcileDay, RecordingTrigger, ResolveTenantDay].map(
	(Node) => [Node.name, files(new Node().description, join('nodes', Node.name))] as const,
);
const ALL = [...NODES, ['the credential', files(new EightByEightSftpApi(), 'credentials')] as const];

describe('the icons', () => {
	it.each(NODES)('%s has one of its own, beside it and named as the node is', (name, { light, dark }) => {
		const own = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
		expect([basename(dirname(light)), basename(light), basename(dark)]).toEqual([
			name,
			`${own}.svg`,
			`${own}.dark.svg`,
		]);
		const sameDrawing = ALL.filter(([, other]) => readFileSync(other.light, 'utf8') === readFileSync(light, 'utf8'));
		expect(sameDrawing.map(([title]) => title)).toEqual([name]);
	});

	it.each(ALL)('%s: the dark one is the light one in the colours for dark', (_name, { light, dark }) => {
		const drawn = readFileSync(light, 'utf8');
		const colours = [...new Set(drawn.match(/#\w+/g))];
		expect(colours.filter((colour) => !DARK_FOR.has(colour))).toEqual([]);
		expect(colours).toHaveLength(DARK_FOR.size);
		expect(readFileSync(dark, 'utf8')).toBe(drawn.replaceAll(/#\w+/g, (colour) => DARK_FOR.get(colour) ?? colour));
	});

	it.each(ALL)(
		'%s: it is a square drawing of strokes that are seen at 24 pixels, and loads nothing',
		(_name, { light }) => {
			const drawn = readFileSync(light, 'utf8');
			expect(drawn).toMatch(
				/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 60 60" width="60" height="60"/,
			);
			expect(drawn.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
				/https?:|href|url\(|<(?:script|style|text|image|foreignObject)\b/,
			);
			const widths = [...drawn.matchAll(/stroke-width="(\d+)"/g)].map(([, width]) => Number(width));
			// 4 of 60 is more than one and a half of 24 pixels.
			expect(Math.min(...widths)).toBeGreaterThanOrEqual(4);
		},
	);
});
