/** A place where this room rests on how a library, or Node.js, works inside. */
export interface LibraryInside {
	/** The file, below transport/. */
	readonly file: string;
	readonly library: 'ssh2' | 'basic-ftp' | 'node';
	/** What is taken to be so. */
	readonly assumption: string;
	/** How it is asked at run time whether it still is. */
	readonly guard: string;
	/** What happens when it is not. */
	readonly fallback: string;
}

/**
 * Every place where speed rests on an inside that no documentation promises. None does so unasked: n8n installs without a
 * lock file, and builds native parts or does not. What could give wrong bytes has its library's exact version in package.json too.
 */
export const LIBRARY_INSIDES: readonly LibraryInside[] = [
	{
		file: 'sftp/decipher.ts',
		library: 'ssh2',
		assumption: "its deciphers on Node.js's own crypto copy what they are given before they return",
		guard: 'the class of the decipher that is at work on the connection, after each handshake',
		fallback: 'what is read from the socket is copied before ssh2 gets it',
	},
	{
		file: 'sftp/readRequest.ts',
		library: 'ssh2',
		assumption: 'a pending READ without a buffer is answered with the data as it lies in its packet',
		guard: 'the pending request is there under its number and has the buffer that was just given',
		fallback: 'the answer is copied',
	},
	{
		file: 'sftp/receiveWindow.ts',
		library: 'ssh2',
		assumption: 'a channel can be granted more of a window than ssh2 keeps count of',
		guard: 'the protocol and the channel have the method and the number that it takes',
		fallback: "ssh2's own window of 2 MB",
	},
	{
		file: 'sftp/inOrderServer.ts',
		library: 'ssh2',
		assumption: "the server's name and its extensions are kept in fields that are not documented",
		guard: 'the one is true, and the other an object with the extension',
		fallback: 'directories are listed with one READDIR at a time',
	},
	{
		file: 'sftp/sftpConnection.ts',
		library: 'ssh2',
		assumption: 'the longest READ that a server takes is kept in a field that is not documented',
		guard: 'the field is a number, and the server has told its limits',
		fallback: 'READs that every server takes',
	},
	{
		file: 'ftps/passiveAhead.ts',
		library: 'basic-ftp',
		assumption: 'every reply passes through `handle`, which can stand before its own handler',
		guard:
			'the replies themselves, sorted by their codes; a server or a library that mixes them up is found by the first refusal',
		fallback: 'EPSV is sent when the transfer before it has ended',
	},
	{
		file: 'ftps/dataConnection.ts',
		library: 'node',
		assumption: '`setSession` of a TLS socket takes a session before the handshake begins',
		guard: 'the method is there',
		fallback: 'the session is given to `tls.connect`',
	},
];
