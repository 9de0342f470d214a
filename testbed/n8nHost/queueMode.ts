import { LOOPBACK } from './freePort';

/** Where an n8n in queue mode keeps everything: each of its processes gets the same. */
export interface QueueBackends {
	readonly postgres: {
		readonly port: number;
		readonly user: string;
		readonly database: string;
		/** A file with the password and nothing after it. */
		readonly passwordFile: string;
	};
	readonly redis: {
		readonly port: number;
		readonly passwordFile: string;
	};
	/** A file with what n8n encrypts credentials with. */
	readonly encryptionKeyFile: string;
}

/** The settings that main and workers share, as docs/scaling.md lists them. */
export function queueModeEnvironment({ postgres, redis, encryptionKeyFile }: QueueBackends): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		N8N_ENCRYPTION_KEY_FILE: encryptionKeyFile,
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: LOOPBACK,
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD_FILE: postgres.passwordFile,
		DB_POSTGRESDB_DATABASE: postgres.database,
		QUEUE_BULL_REDIS_HOST: LOOPBACK,
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		QUEUE_BULL_REDIS_PASSWORD_FILE: redis.passwordFile,
		N8N_DEFAULT_BINARY_DATA_MODE: 'database',
	};
}
