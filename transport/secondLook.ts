import type { Abortable } from './onAbort';
import type { RemoteEntry, RemoteStore } from './remoteStore';
import { TransportError } from './transportError';

/** Times that a file is looked at again: once for a listing that is old, once more for a call that still runs. */
const SECOND_LOOKS = 2;

export interface SecondLookOptions {
	readonly path: string;
	/** What a listing said of the file; the server is asked without it. */
	readonly known: RemoteEntry | undefined;
	readonly signal: Abortable | undefined;
	/** Fewer looks than two; 0 for none. */
	readonly mostLooks?: number;
}

/**
 * Does `work` on a file as it was listed, and when it fails because the file is not of that size (it is being written, or the
 * listing is old), asks the server for it again and begins anew, twice at most.
 */
export async function withSecondLook<Result>(
	store: RemoteStore,
	{ path, known, signal, mostLooks = SECOND_LOOKS }: SecondLookOptions,
	work: (entry: RemoteEntry) => Promise<Result>,
): Promise<Result> {
	for (let looks = 0; ; looks++) {
		const listed = looks === 0 ? known : undefined;
		const entry = listed ?? (await store.stat(path, { signal }));
		const outcome = await work(entry).then(
			(result) => ({ result }),
			(error: unknown) => ({ error }),
		);
		if ('result' in outcome) return outcome.result;
		const isOther = outcome.error instanceof TransportError && outcome.error.code === 'size-mismatch';
		if (!isOther || looks >= Math.min(SECOND_LOOKS, mostLooks)) throw outcome.error;
	}
}
