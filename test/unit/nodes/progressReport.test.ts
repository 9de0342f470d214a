import { describe, expect, it } from 'vitest';

import { ProgressReport } from '../../../nodes/run/progressReport';

/** A run whose clock the test turns. */
class Run {
	readonly lines: string[] = [];

	now = 1_000;

	readonly progress = new ProgressReport({
		verb: 'downloaded',
		tell: (line) => void this.lines.push(line),
		now: () => this.now,
	});

	/** Finishes files, one every so many milliseconds. */
	finish(files: number, milliseconds: number, bytes: number, attempts = 1): void {
		for (let file = 0; file < files; file++) {
			this.now += milliseconds;
			this.progress.finished(bytes, attempts);
		}
	}
}

describe('the progress of a run', () => {
	it('tells every five seconds how many files are done, how much, how fast and how long it will take', () => {
		const run = new Run();
		run.progress.expect(3_000);
		run.finish(1_200, 10, 524_288);
		expect(run.lines).toEqual([
			'500 of 3,000 files downloaded, 250.0 MB, 50.0 MB/s, about 25 s left',
			'1,000 of 3,000 files downloaded, 500.0 MB, 50.0 MB/s, about 20 s left',
		]);
	});

	it('counts files that failed and attempts that were needed', () => {
		const run = new Run();
		run.progress.expect(4);
		run.finish(1, 1_000, 1_024, 3);
		run.progress.goneWithout();
		run.finish(1, 4_000, 1_024, 2);
		expect(run.lines).toEqual([
			'2 of 4 files downloaded, 2.0 KB, 410 bytes/s, 3 retries, 1 not downloaded, about 2 s left',
		]);
	});

	it('counts files when no bytes are transferred', () => {
		const run = new Run();
		run.progress.expect(100);
		run.finish(50, 200, 0);
		expect(run.lines[0]).toBe('25 of 100 files downloaded, 5.0 files/s, about 15 s left');
	});

	it('learns on the way how many files there are', () => {
		const run = new Run();
		run.progress.expect(1);
		run.finish(1, 6_000, 6_000);
		run.progress.expect(1_000);
		run.finish(1, 6_000, 6_000);
		expect(run.lines).toEqual([
			'1 of 1 file downloaded, 5.9 KB, 1000 bytes/s',
			'2 of 1,001 files downloaded, 11.7 KB, 1000 bytes/s, about 1 h 39 min left',
		]);
	});

	it('says at the end how a long or a large run went, and nothing about others', () => {
		const quick = new Run();
		quick.finish(9, 1, 1_000);
		expect(quick.progress.summary()).toBeUndefined();
		quick.finish(1, 1, 1_000, 2);
		expect(quick.progress.summary()).toBe('10 files downloaded in less than a second, 9.8 KB, 976.6 KB/s, 1 retry.');

		const slow = new Run();
		slow.finish(1, 130_000, 3_221_225_472);
		expect(slow.progress.summary()).toBe('1 file downloaded in 2 min 10 s, 3.0 GB, 23.6 MB/s.');
	});
});
