import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExample } from '../../demo/runExample';
import { startDemo, type RunningDemo } from '../../demo/startDemo';
import { deployedImage } from '../../testbed/n8nHost/deployedImage';
import { PACKAGE_NAME } from '../../testbed/n8nHost/packPackage';
import { startN8n } from '../../testbed/n8nHost/startN8n';
import type { PlainImage } from '../../testbed/n8nHost/plainImage';

/** deploy/Dockerfile, done step by step in a directory, because no image can be pulled in some of the places where this runs. */
describe('the image that deploy/Dockerfile describes', () => {
	let directory = '';
	let image: PlainImage;
	let demo: RunningDemo;

	beforeAll(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-image-'));
		image = await deployedImage(join(directory, 'image'));
		demo = await startDemo({
			directory: join(directory, 'demo'),
			days: 3,
			protocols: ['ftpsImplicit', 'sftp'],
			launch: async (place) => await startN8n({ ...place, image }),
		});
	});

	afterAll(async () => {
		await demo?.stop();
		await rm(directory, { recursive: true, force: true });
	});

	it('runs as a user without rights and lets n8n 3 load the nodes', () => {
		expect(image.user).toBe('node');
		expect(image.env['N8N_UNVERIFIED_PACKAGES_ENABLED']).toBe('true');
	});

	it('has the six nodes in its n8n', async () => {
		const own = (await demo.n8n.client.nodeTypes()).filter((type) => type.startsWith(`${PACKAGE_NAME}.`));
		const nodes = [
			'downloadRecording',
			'listIndex',
			'markDelivered',
			'reconcileDay',
			'recordingTrigger',
			'resolveTenantDay',
		];
		expect([...new Set(own)].filter((type) => !type.endsWith('Tool')).sort()).toEqual(
			nodes.map((name) => `${PACKAGE_NAME}.${name}`),
		);
	});

	it('delivers a day byte for byte over FTPS and SFTP', async () => {
		for (const connection of demo.connections) {
			const run = await runExample(demo, connection);
			expect(run.problems).toEqual([]);
			expect(run.equal).toBe(run.toKeep);
		}
	});
});
