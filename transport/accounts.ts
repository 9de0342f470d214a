import { AccountBook } from './account/accountBook';
import { REST_MILLISECONDS } from './account/serverAccount';
import type { ControlConnection } from './ftps/controlConnection';
import { FtpsLearnt } from './ftps/ftpsStore';
import type { SftpConnection } from './sftp/sftpConnection';
import { SftpLearnt } from './sftp/sftpStore';

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
