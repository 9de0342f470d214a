import type { ConnectionSettings } from './connectionSettings';
import { FtpsStore } from './ftps/ftpsStore';
import type { RemoteStore } from './remoteStore';
import { SftpStore } from './sftp/sftpStore';

/** The store for these settings. Nothing is sent before its first request. */
export function openStore(settings: ConnectionSettings): RemoteStore {
	return settings.protocol === 'sftp' ? new SftpStore(settings) : new FtpsStore(settings);
}
