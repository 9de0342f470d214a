import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDockerfile } from '../../../testbed/n8nHost/dockerfile';
import { buildPlainImage, type PlainImage } from '../../../testbed/n8nHost/plainImage';

const DEPLOY = join(__dirname, '..', '..', '..', 'deploy');
const HEAD = 'ARG VERSION=1.0\nFROM n8nio/n8n:${VERSION}\n';
const END = '\nENTRYPOINT ["/opt/it/start.sh"]';

describe('a Dockerfile done in a directory', () => {
	let directory = '';
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), '8x8-dockerfile-'));
		writeFileSync(join(directory, 'start.sh'), 'echo started');
		writeFileSync(join(directory, 'one.tgz'), 'packed');
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const build = async (dockerfile: string, args: Readonly<Record<string, string>> = {}): Promise<PlainImage> => {
		writeFileSync(join(directory, 'Dockerfile'), dockerfile);
		const releases = ['1.0', '2.0'].map((version) => ({ version, directory: join(directory, version), cost: '' }));
		return await buildPlainImage({ context: directory, root: join(directory, 'root'), args, releases });
	};

	it('copies, runs with its variables at its place, and knows user, environment and entry point', async () => {
		const image = await build(
			`${HEAD}ARG WHAT=none\nENV GREETING="hello there" WHO=$WHAT\nUSER root\nWORKDIR /made\nCOPY start.sh *.tgz *.none /opt/it/\nRUN echo "$GREETING $WHO" >said && cp /opt/it/start.sh /made/\nUSER node${END}`,
			{ WHAT: 'world' },
		);
		expect(image).toMatchObject({ user: 'node', env: { GREETING: 'hello there', WHO: 'world' } });
		expect(image.entrypoint).toEqual([join(image.root, 'opt', 'it', 'start.sh')]);
		expect(readFileSync(join(image.root, 'opt', 'it', 'one.tgz'), 'utf8')).toBe('packed');
		expect(readFileSync(join(image.root, 'made', 'said'), 'utf8')).toBe('hello there world\n');
		expect(readFileSync(join(image.root, 'made', 'start.sh'), 'utf8')).toBe('echo started');
		expect(readFileSync(join(image.root, 'docker-entrypoint.sh'), 'utf8')).toContain(join(directory, '1.0'));
	});

	it('takes the n8n that it is told to, and none that is not there', async () => {
		const image = await build(`${HEAD}COPY start.sh /opt/it/${END}`, { VERSION: '2.0' });
		expect(readFileSync(join(image.root, 'docker-entrypoint.sh'), 'utf8')).toContain(join(directory, '2.0'));
		await expect(build(`${HEAD}COPY start.sh /opt/it/${END}`, { VERSION: '3.0' })).rejects.toThrow(
			'line 2: the image n8nio/n8n:3.0',
		);
		await expect(build(HEAD, { VERISON: '2.0' })).rejects.toThrow('has no ARG VERISON');
	});

	it('copies nothing where a .dockerignore might leave files out', async () => {
		writeFileSync(join(directory, '.dockerignore'), '*.sh');
		await expect(build(`${HEAD}COPY start.sh /opt/it/${END}`)).rejects.toThrow('line 3: COPY beside a .dockerignore');
	});

	it('fails when a step fails', async () => {
		await expect(build(`${HEAD}RUN echo no such thing >&2; exit 3${END}`)).rejects.toThrow('no such thing');
	});

	it.each([
		['VOLUME /data', 'the instruction VOLUME'],
		['COPY --chmod=755 start.sh /opt/it/', 'the flag --chmod of COPY'],
		['RUN --mount=type=cache true', 'the flag --mount of RUN'],
		['COPY gone.sh /opt/it/', 'gone.sh, which is no file beside it'],
		['COPY *a*.sh /opt/it/', '*a*.sh, which has more than one star'],
		['COPY start.sh it/', 'COPY other than'],
		['RUN cat /etc/passwd', '/etc/passwd, which the Dockerfile did not make'],
		['RUN ["true"]', 'RUN with a list'],
		['RUN true \\', 'a line that goes on'],
		['RUN cat <<EOF', 'a here-document'],
		['# syntax=docker/dockerfile:1', 'a parser directive'],
		['ENV GREETING hello', '"GREETING hello", which is not NAME=value'],
		['USER ${WHO:-root}', 'the substitution ${WHO:-root}'],
		['WORKDIR here', 'WORKDIR with a relative path'],
		['FROM scratch', 'a second FROM'],
		['ENTRYPOINT start', 'ENTRYPOINT that is no list'],
		['ENTRYPOINT [start]', 'ENTRYPOINT that is no list'],
		['USER', 'USER without anything'],
	])('names the line of what it does not do: %s', async (line, what) => {
		await expect(build(`${HEAD}${line}${END}`)).rejects.toThrow(`Dockerfile, line 3: ${what}`);
	});

	it('reads every line of deploy/Dockerfile that is no comment', () => {
		const text = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8');
		const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
		expect(readDockerfile(text).map(({ name, text: rest }) => `${name} ${rest}`)).toEqual(lines);
	});
});
