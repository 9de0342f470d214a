import { beforeAll, describe, expect, it } from 'vitest';
import { isN8nInstalled } from '../../testbed/n8nHost/installN8n';
import { mainJob } from './matrix/mainJob';
import { NEWEST, OLDEST } from './matrix/supportedN8n';

// The whole matrix, with every mode, is `npm run test:matrix`: here one start each keeps the promise honest.
describe.each([
	['the oldest supported n8n', OLDEST],
	['the newest supported n8n', NEWEST],
])('%s', (_title, supported) => {
	let isInstalled = false;

	beforeAll(async () => {
		isInstalled = await isN8nInstalled(supported.release);
	});

	it(`loads the packed package and delivers recordings byte for byte in n8n ${supported.release.version}`, async (context) => {
		context.skip(!isInstalled, `n8n ${supported.release.version} is not installed: npm run test:matrix does that`);
		const job = await mainJob(supported, 'filesystem');
		expect(job.problems).toEqual([]);
		expect(job.delivered).toBeGreaterThan(0);
	});
});
