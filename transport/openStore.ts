import type { ConnectionSettings } from './connectionSettings';
import { UNSHARED, type ConnectionShare } from './connectionShare';
import { FtpsStore } from './ftps/ftpsStore';
import type { RemoteStore } from './remoteStore';
import { SftpStore } from './sftp/sftpStore';

/** The store for these settings. Nothing is sent before its first request. `share` says how many connections it may have when. */
export function openStore(settings: ConnectionSettings, share: ConnectionShare = UNSHARED): RemoteStore {
	return settings.protocol === 'sftp' ? new SftpStore(settings, share) : new FtpsStore(settings, share);
}
