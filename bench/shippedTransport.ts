import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { RemoteEntry, RemoteStore } from '../transport/remoteStore';

type Transport = typeof import('../transport/openStore') &
	typeof import('../transport/resumingStore') &
	typeof import('../transport/verifiedRead');

type Resuming = InstanceType<Transport['ResumingStore']>;

/** Files at work at once over SFTP, as many as Download Recording takes by itself: four times as many where they are small. */
export const SFTP_FILES = 32;
export const SMALL_SFTP_FILES = 128;

const RETRIES = 5;

/** What came of a directory. */
export interface Fetched {
	readonly bytes: number;
	/** From asking for a file to having all of it, for each. */
	readonly milliseconds: readonly number[];
}

/**
 * The compiled transport of a checkout, as n8n would load it: what runs TypeScript on the fly adds work to every function.
 * Fetches as Download Recording does, with resuming, verification and SHA-256.
 */
export class ShippedTransport {
	readonly openStore: Transport['openStore'];

	readonly #classes: Pick<Transport, 'ResumingStore' | 'VerifiedRead'>;

	/** @param checkout directory that holds `dist/` */
	constructor(checkout: string) {
		const load = createRequire(join(checkout, 'dist', 'transport', 'openStore.js'));
		const transport: Transport = { ...load('./openStore'), ...load('./resumingStore'), ...load('./verifiedRead') };
		this.openStore = transport.openStore;
		this.#classes = transport;
	}

	/**
	 * Fetches all files of a directory, some at a time.
	 *
	 * @param destination directory that they are written to; empty throws the bytes away
	 */
	async fetchDirectory(
		opened: RemoteStore,
		directory: string,
		{ destination, filesInFlight }: { readonly destination: string; readonly filesInFlight: number },
	): Promise<Fetched> {
		const store = new this.#classes.ResumingStore(opened, { retries: RETRIES });
		const entries = (await store.list(directory)).filter(({ type }) => type === 'file');
		const milliseconds: number[] = [];
		let bytes = 0;
		let next = 0;
		const work = async (): Promise<void> => {
			for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
				const begun = performance.now();
				const fetched = await this.#fetchFile(store, entry, destination);
				bytes += fetched;
				milliseconds.push(performance.now() - begun);
			}
		};
		await Promise.all(Array.from({ length: filesInFlight }, work));
		return { bytes, milliseconds };
	}

	async #fetchFile(store: Resuming, entry: RemoteEntry, destination: string): Promise<number> {
		const size = entry.size ?? 0;
		const { stream } = store.readReported(entry.path, { size }, entry);
		const verified = new this.#classes.VerifiedRead({ path: entry.path, size, checksum: 'sha256' });
		const sink =
			destination === ''
				? new Writable({ write: (_chunk, _encoding, done) => done() })
				: createWriteStream(join(destination, entry.name));
		await pipeline(stream, verified, sink);
		return verified.bytes;
	}
}
