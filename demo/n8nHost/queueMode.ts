import { LOOPBACK } from './freePort';

/** Where an n8n in queue mode keeps everything: each of its processes gets the same. */
export interface QueueBackends {
	readonly postgres: {
		readonly port: number;
		readonly user: string;
		readonly password: string;
		readonly database: string;
	};
	readonly redis: { readonly port: number };
	/** What n8n encrypts credentials with. */
	readonly encryptionKey: string;
}

/** The settings that main and workers share, as docs/scaling.md lists them. */
export function queueModeEnvironment({ postgres, redis, encryptionKey }: QueueBackends): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		N8N_ENCRYPTION_KEY: encryptionKey,
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: LOOPBACK,
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD: postgres.password,
		DB_POSTGRESDB_DATABASE: postgres.database,
		QUEUE_BULL_REDIS_HOST: LOOPBACK,
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		N8N_DEFAULT_BINARY_DATA_MODE: 'database',
	};
}
