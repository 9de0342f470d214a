import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCrm, type RunningCrm } from '../../../testbed/crm/startCrm';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the CRM stand-in', () => {
	let directory = '';
	let crm: RunningCrm;
	const audio = randomBytes(100_000);

	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), '8x8-crm-'));
		crm = await startCrm({ directory });
	});

	afterEach(async () => {
		await crm.close();
		await rm(directory, { recursive: true, force: true });
	});

	async function deliver(
		fields: Readonly<Record<string, string>>,
		file: Buffer | undefined = audio,
		headers: Readonly<Record<string, string>> = {},
	): Promise<Response> {
		const form = new FormData();
		for (const [name, value] of Object.entries(fields)) form.append(name, value);
		if (file !== undefined) form.append('audio', new Blob([Uint8Array.from(file)]), '../../escape.wav');
		return await fetch(crm.deliveryUrl, { method: 'POST', body: form, headers });
	}

	it('counts and hashes the audio that arrives', async () => {
		const response = await deliver({ recordingId: 'S1/R1.wav', agentName: 'Agent One', sha256: sha256(audio) });
		expect(response.status).toBe(201);
		expect(await response.json()).toMatchObject({ bytes: audio.length, sha256: sha256(audio), agentName: 'Agent One' });
		expect(crm.deliveries()).toEqual([
			{ recordingId: 'S1/R1.wav', bytes: audio.length, sha256: sha256(audio), isUpdate: false },
		]);
	});

	it('takes the same recording again as an update', async () => {
		await deliver({ recordingId: 'S1/R1.wav', wrapUpCode: 'Sale' });
		const other = randomBytes(10);
		const response = await deliver({ recordingId: 'S1/R1.wav', wrapUpCode: 'Callback' }, other);
		expect(response.status).toBe(200);
		expect(crm.calls()).toHaveLength(1);
		expect(crm.calls()[0]).toMatchObject({ wrapUpCode: 'Callback', deliveries: 2, sha256: sha256(other) });
		expect(crm.deliveries().map((delivery) => delivery.isUpdate)).toEqual([false, true]);
	});

	it('refuses what is incomplete or does not match, and keeps no file of it', async () => {
		expect((await deliver({ agentName: 'Agent One' })).status).toBe(400);
		expect((await deliver({ recordingId: 'a' }, audio, {})).status).toBe(201);
		expect((await deliver({ recordingId: 'b', sha256: sha256(Buffer.from('other')) })).status).toBe(422);
		expect((await deliver({ recordingId: 'c', agentName: 'x'.repeat(5_000) })).status).toBe(413);
		const noFile = new FormData();
		noFile.append('recordingId', 'd');
		expect((await fetch(crm.deliveryUrl, { method: 'POST', body: noFile })).status).toBe(400);
		expect((await fetch(crm.deliveryUrl, { method: 'POST', body: '{}' })).status).toBe(415);
		expect(crm.calls()).toHaveLength(1);
		expect(await readdir(directory)).toEqual([`${crm.calls()[0]?.id}.wav`]);
	});

	it('keeps nothing of a delivery that breaks off', async () => {
		const socket = connect({ host: '127.0.0.1', port: Number(new URL(crm.url).port) });
		socket.on('error', () => socket.destroy());
		socket.write(
			'POST /api/calls HTTP/1.1\r\nhost: crm\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: 90000\r\n\r\n' +
				'--b\r\ncontent-disposition: form-data; name="audio"; filename="a.wav"\r\n\r\nRIFF',
		);
		await pause(100);
		socket.destroy();
		await pause(200);
		expect(await readdir(directory)).toEqual([]);
		expect((await deliver({ recordingId: 'after' })).status).toBe(201);
	});

	it('writes no path that a sender names', async () => {
		await deliver({ recordingId: '../../../outside.wav' });
		expect(await readdir(directory)).toEqual([`${crm.calls()[0]?.id}.wav`]);
		expect(crm.calls()[0]?.id).toMatch(/^[0-9a-f]{32}$/);
	});

	it('serves the audio whole and in ranges', async () => {
		await deliver({ recordingId: 'a' });
		const url = `${crm.url}/recordings/${crm.calls()[0]?.id}.wav`;
		const whole = await fetch(url);
		expect(Buffer.from(await whole.arrayBuffer()).equals(audio)).toBe(true);
		const ranges: readonly (readonly [string, number, number])[] = [
			['bytes=0-99', 0, 100],
			['bytes=99900-', 99_900, 100_000],
			['bytes=-10', 99_990, 100_000],
			['bytes=99990-200000', 99_990, 100_000],
		];
		for (const [range, from, to] of ranges) {
			const part = await fetch(url, { headers: { range } });
			expect(part.status).toBe(206);
			expect(part.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/100000`);
			expect(Buffer.from(await part.arrayBuffer()).equals(audio.subarray(from, to))).toBe(true);
		}
		expect((await fetch(url, { headers: { range: 'bytes=100000-' } })).status).toBe(416);
		expect((await fetch(`${crm.url}/recordings/${'0'.repeat(32)}.wav`)).status).toBe(404);
		expect((await fetch(`${crm.url}/recordings/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
	});

	it('shows contacts with their calls, and what callers typed as text', async () => {
		await deliver({
			recordingId: 'a',
			contactPhone: '4155550150',
			agentName: '<script>alert(1)</script>',
			wrapUpCode: 'Sale',
			startTime: '2026-11-01T10:15:00.000-07:00',
			durationSeconds: '65',
		});
		const page = await (await fetch(crm.url)).text();
		expect(page).toContain('(415) 555-0150');
		expect(page).toContain('Sun 1 Nov 2026, 10:15');
		expect(page).toContain('1:05');
		expect(page).toContain('&lt;script&gt;');
		expect(page).not.toContain('<script');
		expect(page).toContain(`src="/recordings/${crm.calls()[0]?.id}.wav"`);
		expect(page).not.toMatch(/https?:\/\//);
	});

	it('asks for the bearer token when it has one', async () => {
		const guarded = await startCrm({ directory: join(directory, 'guarded'), token: 'right' });
		const form = (): FormData => {
			const data = new FormData();
			data.append('recordingId', 'a');
			data.append('audio', new Blob(['RIFF']), 'a.wav');
			return data;
		};
		const post = (authorization: string): Promise<Response> =>
			fetch(guarded.deliveryUrl, { method: 'POST', body: form(), headers: { authorization } });
		expect((await post('Bearer wrong')).status).toBe(401);
		expect((await post('Bearer right')).status).toBe(201);
		await guarded.close();
	});
});
