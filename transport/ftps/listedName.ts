import type { RemoteEntryType } from '../remoteStore';

/** A line of a listing, its name not yet judged. */
export interface ListedName {
	readonly name: string;
	readonly type: RemoteEntryType;
	/** Only of files, and only when it is stated: a link's size is that of the link. */
	readonly size: number | undefined;
	readonly modifiedAt: Date | undefined;
	/** Then `type` is not yet that of what it points to. */
	readonly isLink?: boolean;
}

/** What is told of a path whose name is known. */
export type Facts = Omit<ListedName, 'name'>;
