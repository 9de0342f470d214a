import { installN8n } from '../../../testbed/n8nHost/installN8n';
import { SUPPORTED } from './supportedN8n';

/** Installs each n8n that the package supports where it is missing. */
export async function installSupported(say: (line: string) => void): Promise<void> {
	for (const { release } of SUPPORTED) await installN8n(say, release);
}

if (require.main === module) {
	installSupported((line) => console.log(line)).catch((error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	});
}
