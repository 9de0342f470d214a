import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, ensureDependencies, root, typeScript } from './prepare.mjs';

try {
	ensureDependencies();
	console.log('Building the package ...');
	build();
	// Not spawnSync: Ctrl-C reaches the demo, which stops its servers in order, and this process waits for it.
	const demo = spawn(process.execPath, typeScript(join('demo', 'demo.ts'), process.argv.slice(2)), {
		cwd: root,
		stdio: 'inherit',
	});
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill(signal));
	demo.once('error', (error) => {
		console.error(error.message);
		process.exitCode = 1;
	});
	demo.once('exit', (code) => {
		process.exitCode = code ?? 1;
	});
} catch (error) {
	console.error(error.message);
	process.exitCode = 1;
}
