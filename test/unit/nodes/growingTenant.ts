import type { RemoteEntry, RequestOptions } from '../../../transport/remoteStore';
import { MemoryStore } from './memoryStore';

/** A tenant in memory whose files change in the course of (simulated) time. */
export class GrowingTenant extends MemoryStore {
	readonly #changed = new Map<string, Date>();

	/** Whether the server tells when files were changed; over FTP with LIST alone it does not. */
	tellsTimes = true;

	/** Whether it tells that of a single file nevertheless (MDTM). */
	tellsTimeOfOne = false;

	override put(path: string, content: string | Buffer, statedSize?: number): this {
		this.#changed.set(path, new Date());
		return super.put(path, content, statedSize);
	}

	/** Adds text to a file, which begins with it when it was not there. */
	append(path: string, text: string): this {
		return this.put(path, `${this.files.get(path)?.bytes.toString() ?? ''}${text}`);
	}

	rename(from: string, to: string): this {
		const file = this.files.get(from);
		const changed = this.#changed.get(from);
		if (file === undefined || changed === undefined) throw new Error(`There is no ${from} to rename`);
		this.files.delete(from);
		this.files.set(to, file);
		this.#changed.set(to, changed);
		return this;
	}

	override async list(directory: string, options: RequestOptions = {}): Promise<RemoteEntry[]> {
		return (await super.list(directory, options)).map((entry) => this.#dated(entry, this.tellsTimes));
	}

	override async stat(path: string, options: RequestOptions = {}): Promise<RemoteEntry> {
		return this.#dated(await super.stat(path, options), this.tellsTimes || this.tellsTimeOfOne);
	}

	#dated(entry: RemoteEntry, tellsTimes: boolean): RemoteEntry {
		return { ...entry, modifiedAt: tellsTimes ? this.#changed.get(entry.path) : undefined };
	}
}
