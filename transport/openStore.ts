import { AccountBook } from './account/accountBook';
import { REST_MILLISECONDS } from './account/serverAccount';
import type { ConnectionSettings } from './connectionSettings';
import { UNSHARED, type ConnectionShare } from './connectionShare';
import type { ControlConnection } from './ftps/controlConnection';
import { FtpsLearnt, FtpsStore } from './ftps/ftpsStore';
import type { RemoteStore, StoreListener } from './remoteStore';
import type { SftpConnection } from './sftp/sftpConnection';
import { SftpLearnt, SftpStore } from './sftp/sftpStore';

/** What is kept of all servers and accounts from one store to the next. */
export class Accounts {
	readonly sftp: AccountBook<SftpConnection, SftpLearnt>;

	readonly ftps: AccountBook<ControlConnection, FtpsLearnt>;

	/** @param restMilliseconds that a connection stays open without a store that has it */
	constructor(restMilliseconds = REST_MILLISECONDS) {
		this.sftp = new AccountBook({ restMilliseconds, learn: () => new SftpLearnt() });
		this.ftps = new AccountBook({ restMilliseconds, learn: () => new FtpsLearnt() });
	}

	/** From now on stores close what they have opened, and what rests is closed. Resolves when that is done. */
	async retire(): Promise<void> {
		await Promise.all([this.sftp.retire(), this.ftps.retire()]);
	}
}

/**
 * The store for these settings. Nothing is sent before its first request.
 *
 * @param share says how many connections it may have when
 * @param accounts where it finds open connections and leaves them; without them it opens all that it needs, and closes it
 */
export function openStore(
	settings: ConnectionSettings,
	share: ConnectionShare = UNSHARED,
	listener: StoreListener = {},
	accounts?: Accounts,
): RemoteStore {
	if (settings.protocol === 'sftp') return new SftpStore(settings, share, accounts?.sftp.of(settings));
	return new FtpsStore(settings, share, listener, accounts?.ftps.of(settings));
}
