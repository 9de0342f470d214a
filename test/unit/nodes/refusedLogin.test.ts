import { FTPError } from 'basic-ftp';
import { describe, expect, it } from 'vitest';

import { Coordination } from '../../../coordination/coordination';
import { refuseKnownLogin, rememberRefusedLogin } from '../../../nodes/connection/refusedLogin';
import { tenantConnection } from '../../../nodes/connection/tenantConnection';
import type { ConnectionSettings } from '../../../transport/connectionSettings';
import { ftpsFailure } from '../../../transport/ftps/ftpsFailure';
import { TransportError } from '../../../transport/transportError';
import { credential } from './runNode';

const SECRETS = { username: 'acme', password: 'canary-password' };

function settingsOf(changes: object): ConnectionSettings {
	return tenantConnection({ ...credential, ...changes }).settings;
}

/** The advice on a login that was refused, and on one that is not tried for that. */
async function adviceOn(changes: object, refusal: TransportError): Promise<unknown[]> {
	const [settings, shared] = [settingsOf(changes), new Coordination()];
	const first = await rememberRefusedLogin(settings, shared, refusal);
	const next = await refuseKnownLogin(settings, shared).catch((error: unknown) => error);
	return [first, next].map((error) => (error as TransportError | undefined)?.advice);
}

/** What the server answered to the password, as an error. */
function answer(message: string): TransportError {
	const reply = new FTPError({ code: Number(message.slice(0, 3)), message });
	return ftpsFailure(reply, { server: 'host:990', mode: 'ftpsImplicit', secrets: SECRETS, phase: 'login' });
}

describe('A refused login', () => {
	it.each([
		[{}, "Check 'Tenant Name' and 'SFTP Password' in the credential (8x8 Configuration Manager: Home > Profile)."],
		[{ protocol: 'sftp' }, "Check 'Tenant Name' and 'SFTP Password' in the credential; the server's operator"],
		[{ protocol: 'sftp', privateKey: 'key', password: '' }, "Check 'Tenant Name' and 'Private Key' in the credential"],
		[
			{ protocol: 'sftp', privateKey: 'key' },
			"Check 'Tenant Name', 'Private Key' and 'SFTP Password' in the credential",
		],
	])('sends people to the fields that it was tried with: %j', async (changes, words) => {
		for (const advice of await adviceOn(changes, new TransportError('login-failed', 'refused')))
			expect(advice).toMatch(new RegExp(`^${words.replace(/[()]/g, '\\$&')}.*no node logs in with them until .+ UTC`));
	});

	it('keeps what it says by itself about what to do', async () => {
		const advice = 'Set a new password first.';
		const [first] = await adviceOn({ protocol: 'sftp' }, new TransportError('login-failed', 'expired', { advice }));
		expect(first).toMatch(/^Set a new password first\. So that the server does not lock the account/);
	});

	it('counts when the password was refused, and not when the server lets nobody in', async () => {
		for (const reply of ['530 Login incorrect', '430 Invalid username or password'])
			expect((await adviceOn({}, answer(reply)))[1]).toContain('no node logs in');
		for (const reply of [
			'421 Too many connections',
			'530 Sorry, the maximum number of clients (4) are already connected.',
			'530 Service temporarily unavailable, try again later',
			'500 OOPS: cannot change directory:/home/acme',
		])
			expect((await adviceOn({}, answer(reply)))[1]).toBeUndefined();
	});
});
