import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a run took from the machine. */
export interface Cost {
	/** Wall clock. */
	readonly seconds: number;
	/** User and system time of the client's processes, `undefined` where it cannot be told. */
	readonly cpuSeconds: number | undefined;
	/** Highest resident memory of the client's processes, megabytes. */
	readonly peakMegabytes: number | undefined;
	/** The longest that n8n's event loop took for one turn, milliseconds; absent where it is not n8n. */
	readonly longestTurn?: number | undefined;
	/** The most processor time that n8n's thread took in one turn, milliseconds. The rest of a long turn it waited for a core. */
	readonly busiestTurn?: number | undefined;
}

/** USER_HZ: 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const SAMPLE_MILLISECONDS = 100;
const KIBIBYTE = 1_024;
const MEGABYTE = 1_000_000;
/** Tells the kernel to start VmHWM anew (proc(5), clear_refs). */
const RESET_PEAK = '5';

/** Fields of /proc/PID/stat behind the name, which may hold anything, so that index 0 is field 3. */
function statFields(pid: number | 'self'): string[] | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	} catch {
		return undefined;
	}
}

const ticksOf = (fields: readonly string[] | undefined, ...indexes: readonly number[]): number =>
	indexes.reduce((sum, index) => sum + Number(fields?.[index] ?? 0), 0) / TICKS_PER_SECOND;

/** Seconds of processor time of a running process, without its children's. */
export function cpuSecondsOf(pid: number | 'self'): number {
	return ticksOf(statFields(pid), 11, 12);
}

/** Seconds of processor time of all ended children of this process, with their own children. */
export function cpuSecondsOfEndedChildren(): number {
	return ticksOf(statFields('self'), 13, 14);
}

/** Highest resident memory of a process since it began or was reset, megabytes; 0 when it has ended. */
export function peakMegabytesOf(pid: number | 'self'): number {
	try {
		const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
		return (Number(kibibytes ?? 0) * KIBIBYTE) / MEGABYTE;
	} catch {
		return 0;
	}
}

export function resetPeakMemory(pid: number | 'self'): void {
	writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
}

/** Ids of the processes that this one's descendants are: a parent's before its children's. */
export function descendantsOf(ancestor: number): number[] {
	const parents = new Map<number, number[]>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const parent = Number(statFields(Number(name))?.[1] ?? 0);
		parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
	}
	const found: number[] = [];
	const look = (pid: number): void => {
		for (const child of parents.get(pid) ?? []) {
			found.push(child);
			look(child);
		}
	};
	look(ancestor);
	return found;
}

/** Watches a process and its descendants until `stop`, which gives the sum of the peaks of all that were seen. */
export function watchPeakMemory(pid: number): { stop(): number } {
	const peaks = new Map<number, number>();
	const sample = (): void => {
		for (const one of [pid, ...descendantsOf(pid)]) {
			const peak = peakMegabytesOf(one);
			if (peak > 0) peaks.set(one, peak);
		}
	};
	sample();
	const timer = setInterval(sample, SAMPLE_MILLISECONDS);
	return {
		stop() {
			clearInterval(timer);
			return [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
		},
	};
}
