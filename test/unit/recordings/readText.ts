import { IndexNotes } from '../../../recordings/indexNotes';
import { readIndex } from '../../../recordings/indexReader';
import type { IndexFormat } from '../../../recordings/indexReader';
import type { IndexRow } from '../../../recordings/indexRow';
import { ZoneClock } from '../../../recordings/zoneClock';

export interface ReadOptions extends Partial<IndexFormat> {
	readonly path?: string;
	readonly zone?: string;
	/** Bytes of each piece in which the file arrives; whole when absent. */
	readonly chunkSize?: number;
}

/** Reads an index from text or bytes, as it would come from a server. */
export async function readText(
	content: string | Uint8Array,
	options: ReadOptions = {},
): Promise<{ rows: IndexRow[]; hints: string[] }> {
	const { path = 'Index/I20160606.csv', zone = 'America/Los_Angeles', chunkSize } = options;
	const bytes = typeof content === 'string' ? Buffer.from(content) : content;
	const notes = new IndexNotes();
	const format = { encoding: 'auto', dateOrder: 'auto', includeRawRow: false, ...options } as const;
	const rows: IndexRow[] = [];
	for await (const { row } of readIndex({ path, bytes: pieces(bytes, chunkSize) }, new ZoneClock(zone), format, notes))
		rows.push(row);
	return { rows, hints: notes.hints };
}

async function* pieces(bytes: Uint8Array, size = Math.max(1, bytes.length)): AsyncGenerator<Uint8Array, void, void> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Header as the public archive script reads it. */
export const DETAILED_HEADER =
	'CALL TYPE,START TIME,STOP TIME,AGENT NAME,CUSTOMER NUMBER,PHONE CHANNEL,CALLED NUMBER,CASEID,DURATION,FILENAME,DIRECTORY,ACCOUNT NUMBER,START TIME UTC,STOP TIME UTC,QUEUE,QUEUE NAME,TRANS ID,EXT VAR1,EXT VAR2,OUT DIAL CODE,WRAP UP CODE';

/** One call of the 8x8 page's example day, 18:30 in Los Angeles. */
export const EXAMPLE_ROW =
	'Inbound,06/06/2016 18:30:00,06/06/2016 18:35:41,Agent One,4155550100,8005550199,,4711,341,R201606070130000001.wav,S20160607,0010023,06/07/2016 01:30:00,06/07/2016 01:35:41,Inbound,Sales,10733,en,gold,,Sale';
