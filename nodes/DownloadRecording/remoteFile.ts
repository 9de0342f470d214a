import type { IExecuteFunctions } from 'n8n-workflow';

import type { Gate } from '../../transport/gate';
import { ExplainedError } from '../../tenant/explainedError';
import { optionChoice } from '../form/optionChoice';
import { remotePathText } from '../form/remotePathText';
import type { RemoteEntry, RemoteStore } from '../../transport/remoteStore';

/** A file that an item asks for. */
export interface WantedFile {
	readonly path: string;
	/** What a listing said of it, when there was one. */
	readonly listed: RemoteEntry | undefined;
	/** How long the call took by the index row that asks for it, in seconds; `undefined` where no row tells. */
	readonly indexedSeconds?: number | undefined;
}

/**
 * The files of an item, in order. A directory is listed, through the gate; nothing else is asked of the server yet.
 *
 * @param onNothing is told when a directory holds no file of the pattern
 */
export async function wantedFiles(
	context: IExecuteFunctions,
	store: RemoteStore,
	itemIndex: number,
	gate: Gate,
	onNothing: (message: string) => void,
): Promise<WantedFile[]> {
	const text = (name: string): string =>
		String(context.getNodeParameter(name, itemIndex, '', { extractValue: true }) ?? '').trim();
	const given = context.getNodeParameter('download', itemIndex, '');
	switch (optionChoice('Download', given, ['recording', 'directory', 'file'])) {
		case 'file': {
			const path = remotePathText(text('path'));
			if (path === '') throw new ExplainedError('No path is given', "Fill in 'Path', such as Index/I20160606.csv.");
			return [{ path, listed: undefined }];
		}
		case 'directory': {
			const [directory, pattern] = [remotePathText(text('directory')), text('pattern') || '*'];
			const signal = context.getExecutionCancelSignal();
			const files = await gate.run(async () => await filesOf(store, directory, pattern, signal));
			if (files.length === 0) onNothing(`No file in ${directory} is named like ${pattern}.`);
			return files;
		}
		case 'recording': {
			const fileName = text('fileName');
			const path = recordingPath(remotePathText(text('directory')), fileName);
			return [{ path, listed: undefined, indexedSeconds: indexedSecondsOf(context, itemIndex, fileName) }];
		}
	}
}

/** The duration in the item, when the item is the index row of this file. */
function indexedSecondsOf(context: IExecuteFunctions, itemIndex: number, fileName: string): number | undefined {
	const json = context.getInputData()[itemIndex]?.json;
	const seconds = json?.['durationSeconds'];
	return json?.['fileName'] === fileName && typeof seconds === 'number' ? seconds : undefined;
}

function recordingPath(directory: string, fileName: string): string {
	if (fileName === '') {
		throw new ExplainedError(
			'The item names no recording',
			"Its index row has no FILENAME, so there is nothing to download. Filter such rows out, or fill in 'File Name'; of calls grouped by transaction, split 'recordings' out first.",
		);
	}
	if (fileName.includes('/')) {
		throw new ExplainedError(
			`The file name '${fileName.slice(0, 80)}' has a / in it`,
			"Put the directory into 'Directory' and only the name into 'File Name'.",
		);
	}
	return directory === '' ? fileName : `${directory}/${fileName}`;
}

async function filesOf(
	store: RemoteStore,
	directory: string,
	pattern: string,
	signal: AbortSignal | undefined,
): Promise<WantedFile[]> {
	if (directory === '') throw new ExplainedError('No directory is given', "Fill in 'Directory', such as S20160607.");
	const matches = globOf(pattern);
	const entries = await store.list(directory, { signal });
	return entries
		.filter((entry) => entry.type === 'file' && matches.test(entry.name))
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.map((entry) => ({ path: entry.path, listed: entry }));
}

function globOf(pattern: string): RegExp {
	const source = pattern
		.replace(/[.+^${}()|[\]\\]/g, '\\$&')
		.replace(/\*+/g, '.*')
		.replaceAll('?', '.');
	return new RegExp(`^${source}$`, 'isu');
}
