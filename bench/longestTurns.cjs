'use strict';

/**
 * Preloaded into the measured n8n (`NODE_OPTIONS=--require`): what its event loop's turns took, as a timer of 10 ms sees them.
 * On SIGUSR2 it writes the longest and the busiest since it was asked last to LONGEST_TURNS_FILE, in milliseconds: a turn that
 * was long with little processor time of its thread waited for a core, which no code of that thread can change.
 */
const { openSync, readSync, renameSync, writeFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const STEP = 10;
const file = process.env.LONGEST_TURNS_FILE;

if (file && isMainThread) {
	// The first number is the main thread's time on a core, nanoseconds (proc(5): schedstat).
	const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`);
	const buffer = Buffer.alloc(100);
	const processorTime = () => parseInt(buffer.latin1Slice(0, readSync(schedstat, buffer, 0, 100, 0)), 10) / 1e6;

	let [clock, processor] = [performance.now(), processorTime()];
	let turns = { longestTurn: 0, busiestTurn: 0 };
	const look = () => {
		const [clockNow, processorNow] = [performance.now(), processorTime()];
		turns.longestTurn = Math.max(turns.longestTurn, clockNow - clock);
		turns.busiestTurn = Math.max(turns.busiestTurn, processorNow - processor);
		[clock, processor] = [clockNow, processorNow];
	};
	setInterval(look, STEP).unref();

	process.on('SIGUSR2', () => {
		look();
		writeFileSync(`${file}.new`, JSON.stringify(turns));
		renameSync(`${file}.new`, file);
		turns = { longestTurn: 0, busiestTurn: 0 };
	});
}
