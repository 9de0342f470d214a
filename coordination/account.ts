import { createHash } from 'node:crypto';

/** Who logs in where: what a server counts connections of. */
export interface Account {
	readonly host: string;
	readonly port: number;
	readonly username: string;
}

/** The same for every credential of one account, and telling neither host nor name to who can read the other rooms' keys. */
export function accountKey({ host, port, username }: Account): string {
	const text = JSON.stringify([host.toLowerCase(), port, username]);
	return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
