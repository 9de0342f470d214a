import type { ConnectionSettings } from './connectionSettings';
import { UNSHARED, type ConnectionShare } from './connectionShare';
import { FtpsStore } from './ftps/ftpsStore';
import type { RemoteStore, StoreListener } from './remoteStore';
import { SftpStore } from './sftp/sftpStore';

/** The store for these settings. Nothing is sent before its first request. `share` says how many connections it may have when. */
export function openStore(
	settings: ConnectionSettings,
	share: ConnectionShare = UNSHARED,
	listener: StoreListener = {},
): RemoteStore {
	if (settings.protocol === 'sftp') return new SftpStore(settings, share);
	return new FtpsStore(settings, share, listener);
}
