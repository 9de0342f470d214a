import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, getPriority } from 'node:os';

import { startConversion, type WorkerConversion } from '../../../audio/mp3Workers';

/** Nice values before the first conversion and while there are more than cores: of the process, and of each of its threads. */
export interface NiceValues {
	readonly process: readonly [before: number, after: number];
	readonly threads: readonly [before: number[], after: number[]];
}

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

async function measure(): Promise<NiceValues> {
	const [priority, threads] = [getPriority(), niceValues()];
	const conversions = await Promise.all(Array.from({ length: availableParallelism() + 1 }, begun));
	const values: NiceValues = { process: [priority, getPriority()], threads: [threads, niceValues()] };
	for (const conversion of conversions) conversion.close();
	return values;
}

void measure().then((values) => console.log(JSON.stringify(values)));
