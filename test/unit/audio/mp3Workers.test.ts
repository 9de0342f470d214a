import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';

import { describe, expect, it } from 'vitest';

import { startConversion, type WorkerConversion } from '../../../audio/mp3Workers';
import { lowerPriority } from '../../../audio/threadPriority';

const LAYOUT = { codec: 'pcm', channels: 1, bitsPerSample: 16, frameBytes: 2, isLittleEndian: true };
const PLAN = { sampleRate: 8_000, channels: 1, bitrate: 24, samples: 8_000 } as const;

/** Nice values of this process' threads (proc(5), field 19 of stat). */
function niceValues(): number[] {
	return readdirSync('/proc/self/task').map((thread) => {
		const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
		return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
	});
}

/** A conversion that has begun: its thread has answered the first piece of sound. */
async function begun(): Promise<WorkerConversion> {
	return await new Promise((resolve, reject) => {
		const conversion = startConversion({ onMp3: () => resolve(conversion), onFailure: reject });
		conversion.send({ kind: 'begin', layout: LAYOUT, plan: PLAN, sampleRate: 8_000 });
		conversion.send({ kind: 'sound', bytes: new Uint8Array(16_000) });
	});
}

describe.runIf(process.platform === 'linux')('the threads that convert', () => {
	it("are as many as there are cores beside n8n's own, and all others of the process go before them", async () => {
		const priority = getPriority();
		const giveWay = (): number => niceValues().filter((nice) => nice === lowerPriority(priority)).length;
		const before = giveWay();
		const conversions = await Promise.all(Array.from({ length: availableParallelism() + 1 }, begun));
		const after = giveWay();
		for (const conversion of conversions) conversion.close();
		expect(after - before).toBe(Math.max(1, availableParallelism() - 1));
		expect(getPriority()).toBe(priority);
	});
});
