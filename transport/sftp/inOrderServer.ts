import type { SFTPWrapper } from 'ssh2';

/** OpenSSH's own sftp-server says it since 6.5; the servers that others put in its place below an OpenSSH do not. */
const OWN_EXTENSION = 'fsync@openssh.com';

/**
 * Whether this server is known to work off requests in the order in which they came, one after the other, so that several
 * READDIRs of one directory may wait for it: OpenSSH's sftp-server reads the next request when it has answered the last one
 * (sftp-server.c, `process`). Others work on them at once, and of a directory that is read so they lose names without a sign:
 * no answer can prove that they do not. Anything that is not known gives false.
 */
export function answersInOrder(channel: SFTPWrapper): boolean {
	const extensions: unknown = Reflect.get(channel, '_extensions');
	if (typeof extensions !== 'object' || extensions === null) return false;
	return Reflect.get(channel, '_isOpenSSH') === true && Object.hasOwn(extensions, OWN_EXTENSION);
}
