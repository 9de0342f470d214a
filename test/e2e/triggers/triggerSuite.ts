import { describe } from 'vitest';
import { isN8nInstalled } from '../../../testbed/n8nHost/installN8n';
import type { SupportedN8n } from '../matrix/supportedN8n';
import { describeDeliveredOnce } from './deliveredOnce';
import { describeFilesTrigger } from './filesTrigger';
import { describeIndexTrigger } from './indexTrigger';

/**
 * What runs unattended, in one n8n. Each n8n has a file of its own, because these tests mostly wait: files run side by side.
 *
 * @param title which n8n it is
 * @param minutesBetweenRuns of the week of deliveries
 */
export async function describeTriggers(title: string, host: SupportedN8n, minutesBetweenRuns: number): Promise<void> {
	const { version } = host.release;
	const isInstalled = await isN8nInstalled(host.release);
	const missing = isInstalled ? '' : ' (not installed: npm run test:matrix does that)';
	describe.skipIf(!isInstalled)(`${title}, n8n ${version}${missing}`, () => {
		describeIndexTrigger(host);
		describeFilesTrigger(host);
		describeDeliveredOnce(host, minutesBetweenRuns);
	});
}
