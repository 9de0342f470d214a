import { createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

import { accountKey } from '../../coordination/account';
import type { Coordination } from '../../coordination/coordination';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import { TransportError } from '../../transport/transportError';

/** More than any n8n has; a list that never shrinks would be a leak. */
const MOST_KEPT = 1_000;

/** Digests of logins, by a faster one that never leaves the process. */
const digests = new Map<string, Promise<string>>();

/** Connections that are open now, by login: where the same login works, a refusal means something else, such as too many of them. */
const open = new Map<string, number>();

/** What has no part in whether a login is refused. */
const BESIDE_THE_LOGIN: ReadonlySet<string> = new Set([
	'connectTimeout',
	'stallTimeout',
	'maxConnections',
	'tenantDirectory',
]);

/**
 * A login of this n8n, as it is kept in Redis: by account, secret, and what tells the right server; with any of them changed it is
 * another one. Slow to compute, so that nobody who reads Redis can find the password by trying.
 */
async function loginKey(settings: ConnectionSettings): Promise<string> {
	const login = loginOf(settings);
	const fast = createHash('sha256').update(login).digest('base64');
	if (digests.size > MOST_KEPT) digests.clear();
	const known = digests.get(fast) ?? slowDigest(login, accountKey(settings));
	digests.set(fast, known);
	return await known;
}

function loginOf(settings: ConnectionSettings): string {
	const parts = Object.entries(settings).filter(([name, value]) => !BESIDE_THE_LOGIN.has(name) && value !== undefined);
	return JSON.stringify(parts.sort());
}

async function slowDigest(secret: string, salt: string): Promise<string> {
	const digest = await promisify<string, string, number, Buffer>(scrypt)(secret, salt, 16);
	return digest.toString('hex');
}

function timeText(time: number): string {
	return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Where to look, by what the login was tried with. */
function whatToCheck(settings: ConnectionSettings): string {
	if (settings.protocol !== 'sftp')
		return "Check 'Tenant Name' and 'SFTP Password' in the credential (8x8 Configuration Manager: Home > Profile).";
	const { privateKey = '', password = '' } = settings;
	if (privateKey === '')
		return "Check 'Tenant Name' and 'SFTP Password' in the credential; the server's operator knows what they have to be.";
	const fields =
		password === '' ? "'Tenant Name' and 'Private Key'" : "'Tenant Name', 'Private Key' and 'SFTP Password'";
	return `Check ${fields} in the credential, and ask the server's operator whether this account has the public half of the key.`;
}

function untilWhen(until: number): string {
	return `So that the server does not lock the account, no node logs in with them until ${timeText(until)}; saving the credential tries again at once.`;
}

/**
 * A login that the server refused is not tried again for a while, by no node, trigger or list of this n8n.
 *
 * @throws {TransportError} `login-failed`
 */
export async function refuseKnownLogin(settings: ConnectionSettings, shared: Coordination): Promise<void> {
	const until = await shared.refusedLogins.until(await loginKey(settings));
	if (until === undefined) return;
	const server = `${settings.host}:${settings.port}`;
	throw new TransportError(
		'login-failed',
		`No login was tried at ${server}, which refused this user name and password or key a short while ago`,
		{ server, advice: `${whatToCheck(settings)} ${untilWhen(until)}` },
	);
}

/** Remembers a refused login; gives the error that says until when. Any other error is none of this. */
export async function rememberRefusedLogin(
	settings: ConnectionSettings,
	shared: Coordination,
	error: unknown,
): Promise<unknown> {
	if (!(error instanceof TransportError) || error.code !== 'login-failed') return error;
	const login = await loginKey(settings);
	if (open.has(login)) return error;
	const until = await shared.refusedLogins.remember(login);
	const { code, message, server, detail, advice = whatToCheck(settings) } = error;
	return new TransportError(code, message, { server, detail, advice: `${advice} ${untilWhen(until)}` });
}

/** Counts a connection whose login worked, until it is closed. */
export async function countLogin(settings: ConnectionSettings, whenClosed: Promise<void>): Promise<void> {
	const login = await loginKey(settings);
	open.set(login, (open.get(login) ?? 0) + 1);
	await whenClosed;
	const left = (open.get(login) ?? 1) - 1;
	if (left > 0) open.set(login, left);
	else open.delete(login);
}

/** Lets a login be tried again: whoever saves or tests a credential wants to know whether it works now. */
export async function forgetRefusedLogin(settings: ConnectionSettings, shared: Coordination): Promise<void> {
	await shared.refusedLogins.forget(await loginKey(settings));
}
