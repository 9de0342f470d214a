import type { Accounts } from './accounts';
import type { ConnectionSettings } from './connectionSettings';
import { UNSHARED, type ConnectionShare } from './connectionShare';
import { FtpsStore } from './ftps/ftpsStore';
import type { RemoteStore, StoreListener } from './remoteStore';
import { SftpStore } from './sftp/sftpStore';

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
	if (settings.protocol === 'sftp') return new SftpStore(settings, share, listener, accounts?.sftp.of(settings));
	return new FtpsStore(settings, share, listener, accounts?.ftps.of(settings));
}
