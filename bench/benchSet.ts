import type { IndexPlan } from './indexFile';
import type { Protocol } from './measuredServers';
import type { RoundsPlan } from './rounds';
import type { SlowStart } from './congestionWindow';
import type { Link } from './wan';

/** Downloads that belong together. */
export interface BenchSet {
	readonly name: string;
	readonly trees: readonly string[];
	readonly roundTrips: readonly number[];
	readonly protocols: readonly Protocol[];
	/** Names of contestants; absent = all. */
	readonly contestants?: readonly string[] | undefined;
	readonly repeat: number;
	/** Seconds after which a download is stopped and a contestant's larger round trips are left out. */
	readonly limit: number;
	readonly indexes: readonly IndexPlan[];
	/** Node runs one after the other; absent = none. */
	readonly rounds?: RoundsPlan | undefined;
}

const OURS_AND_THE_FAST = ['transport', 'transport -16', 'node', 'lftp -P16', 'rclone tuned'];

/** Ends in a few minutes: whether all of it works. */
export const QUICK: readonly BenchSet[] = [
	{
		name: 'quick',
		trees: ['recordings'],
		roundTrips: [0, 80],
		protocols: ['sftp', 'ftps'],
		contestants: ['transport', 'node', 'lftp -P4', 'lftp -P16', 'rclone', 'rclone tuned'],
		repeat: 1,
		limit: 60,
		indexes: [{ rows: 20_000, kept: 200 }],
	},
];

/** Ends in about half an hour; draws the pictures of docs/performance.md. Each set can be run alone. */
export const STANDARD: readonly BenchSet[] = [
	{
		name: 'round trips',
		trees: ['recordings'],
		roundTrips: [1, 80, 200],
		protocols: ['sftp', 'ftps'],
		contestants: ['node', 'node -16', 'lftp -P4', 'lftp -P16', 'rclone tuned'],
		repeat: 1,
		limit: 120,
		indexes: [],
	},
	{
		name: 'FTP node',
		trees: ['recordings'],
		roundTrips: [1, 80],
		protocols: ['sftp', 'ftps'],
		contestants: ['node', 'node -16', 'FTP node'],
		repeat: 1,
		limit: 600,
		indexes: [],
	},
	{
		name: 'memory',
		trees: ['megabytes20', 'megabytes200', 'megabytes1000'],
		roundTrips: [0],
		protocols: ['sftp', 'ftps'],
		contestants: ['node', 'FTP node'],
		repeat: 1,
		limit: 90,
		indexes: [],
	},
	{
		name: 'mp3',
		trees: ['speech'],
		roundTrips: [80],
		protocols: ['sftp'],
		contestants: ['node', 'node to MP3', 'ffmpeg'],
		repeat: 1,
		limit: 400,
		indexes: [],
	},
	{
		name: 'rounds',
		trees: [],
		roundTrips: [80, 300],
		protocols: ['sftp', 'ftps'],
		contestants: ['node runs', 'lftp, one session'],
		repeat: 1,
		limit: 180,
		indexes: [],
		rounds: { rounds: 10, files: 50 },
	},
	{
		name: 'index',
		trees: [],
		roundTrips: [],
		protocols: ['sftp'],
		repeat: 1,
		limit: 120,
		indexes: [{ rows: 100_000, kept: 1_000 }],
	},
];

/** As STANDARD, with every contestant, more trees and repetitions. */
export const FULL: readonly BenchSet[] = [
	{
		name: 'recordings',
		trees: ['recordings'],
		roundTrips: [0, 1, 80, 200],
		protocols: ['sftp', 'ftps'],
		repeat: 3,
		limit: 600,
		indexes: [],
	},
	{
		name: 'small',
		trees: ['small'],
		roundTrips: [0, 80],
		protocols: ['sftp', 'ftps'],
		contestants: [...OURS_AND_THE_FAST, 'sftp', 'lftp', 'lftp -P4', 'rclone'],
		repeat: 2,
		limit: 450,
		indexes: [],
	},
	{
		name: 'tiny',
		trees: ['tiny'],
		roundTrips: [1, 80, 200],
		protocols: ['sftp', 'ftps'],
		contestants: OURS_AND_THE_FAST,
		repeat: 1,
		limit: 450,
		indexes: [],
	},
	{
		name: 'large',
		trees: ['large'],
		roundTrips: [0, 1, 80, 200],
		protocols: ['sftp', 'ftps'],
		contestants: [...OURS_AND_THE_FAST, 'sftp'],
		repeat: 1,
		limit: 450,
		indexes: [],
	},
	{
		name: 'memory',
		trees: ['megabytes20', 'megabytes200', 'megabytes1000', 'megabytes5000'],
		roundTrips: [0],
		protocols: ['sftp', 'ftps'],
		contestants: ['transport', 'node', 'FTP node'],
		repeat: 1,
		limit: 900,
		indexes: [],
	},
	{
		name: 'index',
		trees: [],
		roundTrips: [],
		protocols: ['sftp'],
		repeat: 3,
		limit: 300,
		indexes: [
			{ rows: 10_000, kept: 1_000 },
			{ rows: 100_000, kept: 1_000 },
			{ rows: 400_000, kept: 1_000 },
		],
	},
];

/** Round trips of up to a few milliseconds are within a building, where links are faster. */
const LOCAL_MILLISECONDS = 5;
const LOCAL_MEGABITS = 1_000;
const WIDE_MEGABITS = 200;

/** What all links of a run have. */
export interface LinkOptions {
	readonly megabits: number | undefined;
	readonly slowStart: SlowStart | undefined;
}

/** The link of a round trip: 0 is the loopback itself, 1 ms a gigabit network, more an ocean's 200 Mbit/s each way. */
export function linkOf(roundTrip: number, { megabits, slowStart }: Partial<LinkOptions> = {}): Link {
	if (roundTrip === 0) return { roundTrip };
	const rate = megabits ?? (roundTrip <= LOCAL_MILLISECONDS ? LOCAL_MEGABITS : WIDE_MEGABITS);
	return { roundTrip, downlink: rate, uplink: rate, ...(slowStart === undefined ? {} : { slowStart }) };
}
