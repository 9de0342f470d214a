import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runExample } from '../../../demo/runExample';
import { startDemo } from '../../../demo/startDemo';
import { runProgram } from '../../../testbed/n8nHost/childProcess';
import { LOOPBACK } from '../../../testbed/n8nHost/freePort';
import { N8nClient } from '../../../testbed/n8nHost/n8nClient';
import { packTarball } from '../../../testbed/n8nHost/packPackage';
import { PROJECT_ROOT } from '../../../testbed/n8nHost/projectPaths';
import type { RunningN8n } from '../../../testbed/n8nHost/startN8n';

// Where Docker is: the image of deploy/ on a version of n8n's own image, main and a worker, and the main job in it.

const DEPLOY = join(PROJECT_ROOT, 'deploy');
const URL = `http://${LOOPBACK}:5678`;
const FILES = [join(DEPLOY, 'compose.yaml'), join(__dirname, 'hostNetwork.compose.yaml')];

const say = (line: string): void => console.log(line);

async function compose(args: readonly string[], build: Readonly<Record<string, string>>): Promise<string> {
	const files = FILES.flatMap((file) => ['--file', file]);
	return await runProgram('docker', ['compose', ...files, ...args], { cwd: DEPLOY, env: { ...process.env, ...build } });
}

/** Builds the image and starts it with what it needs. Stopping it leaves nothing behind but the image. */
async function startContainers(build: Readonly<Record<string, string>>): Promise<RunningN8n> {
	const stop = async (): Promise<void> => {
		await compose(['down', '--volumes'], build);
	};
	say(`Building the image on n8n ${build['N8N_VERSION']} and starting main and a worker ...`);
	await compose(['up', '--detach', '--build', '--wait', '--scale', 'worker=1'], build).catch(async (error: unknown) => {
		say(await compose(['logs', '--tail', '60'], build));
		await stop();
		throw error;
	});
	return {
		url: URL,
		client: new N8nClient(URL),
		pid: undefined,
		lastLines: async () => await compose(['logs', '--tail', '25', 'n8n'], build),
		isAlive: () => true,
		stop,
		kill: stop,
	};
}

async function main(version: string): Promise<void> {
	const directory = await mkdtemp(join(tmpdir(), '8x8-containers-'));
	await runProgram('sh', [join(DEPLOY, 'make-secrets.sh')], { cwd: DEPLOY });
	const tarball = await packTarball(DEPLOY);
	const build = { N8N_VERSION: version, PACKAGE: basename(tarball) };
	try {
		const launch = async (): Promise<RunningN8n> => await startContainers(build);
		const demo = await startDemo({ directory, days: 3, protocols: ['ftpsImplicit', 'sftp'], launch, say });
		try {
			for (const connection of demo.connections) {
				const { label, problems, equal, toKeep, execution } = await runExample(demo, connection);
				say(`${label}: ${equal} of ${toKeep} recordings delivered byte for byte`);
				const log = await compose(['logs', '--no-color', 'worker'], build);
				const byWorker = log.includes(`Worker finished execution ${execution.id} `);
				const all = byWorker ? problems : [...problems, `The worker did not run execution ${execution.id}`];
				if (all.length > 0) throw new Error(all.join('\n'));
			}
		} catch (error) {
			say(await compose(['logs', '--tail', '60'], build));
			throw error;
		} finally {
			await demo.stop();
		}
	} finally {
		await rm(tarball, { force: true });
		await rm(directory, { recursive: true, force: true });
	}
}

const [version] = process.argv.slice(2);
if (version === undefined) throw new Error('Say on which n8n: a tag of n8nio/n8n, such as 2.8.4 or latest');
main(version).catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
