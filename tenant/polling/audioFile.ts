/** A new recording on the server, as items carry it. */
export interface AudioFile {
	/** `directory/fileName` */
	readonly recordingId: string;
	readonly directory: string;
	readonly fileName: string;
	readonly path: string;
	/** From the file name, `null` for a file that is named otherwise. */
	readonly recordedAtUtc: string | null;
	readonly sequence: number | null;
	readonly bytes: number | null;
	readonly remoteModifiedAt: string | null;
}
