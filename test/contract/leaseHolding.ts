import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import type { ConnectionLease } from '../../coordination/connectionRun';
import { Coordination } from '../../coordination/coordination';
import { RedisLink } from '../../coordination/redisLink';
import { LEDGER_TIMES, type LedgerTimes } from '../../coordination/redisLedger';
import { redisSettings } from '../../coordination/redisSettings';

export interface LeaseHolding {
	readonly times: LedgerTimes;
	readonly limit: number;
	/** Where the connections go that the leases are for. */
	readonly port: number;
	readonly runs: number;
	readonly rounds: number;
	/** Milliseconds that a connection is kept, at most. */
	readonly hold: number;
}

/** Everything ten times as fast. */
export const QUICK_TIMES: LedgerTimes = {
	...LEDGER_TIMES,
	lease: 3_000,
	place: 1_000,
	holding: 100,
	waiting: 20,
	quietAfterLoss: 500,
	quietAfterRestart: 2_000,
};

/** The account that all of them share. */
export const HELD_ACCOUNT = { host: 'files.example.com', port: 990, username: 'tenant' };

/** A connection for a lease, as a store has one: the lease ends when the socket is closed. */
async function hold(lease: ConnectionLease, port: number, milliseconds: number): Promise<void> {
	const socket = connect({ host: '127.0.0.1', port });
	await once(socket, 'connect');
	await pause(milliseconds);
	socket.resume();
	socket.end();
	await once(socket, 'close');
	lease.release();
}

/** The runs of one process; tells what they hold, and `done` at the end. */
export async function holdLeases(holding: LeaseHolding): Promise<void> {
	const { times, limit, port, runs, rounds } = holding;
	const desk = new Coordination(new RedisLink(redisSettings(process.env)), { ledger: times }).desk(HELD_ACCOUNT);
	const run = async (): Promise<void> => {
		const own = desk.run(limit);
		for (let round = 0; round < rounds; round += 1) {
			const leases = [await own.first(60_000), await own.another(), await own.another()];
			const held = leases.filter((lease) => lease !== undefined);
			console.log(`holds ${held.length}`);
			await Promise.all(held.map(async (lease) => await hold(lease, port, Math.random() * holding.hold)));
		}
	};
	await Promise.all(Array.from({ length: runs }, run));
	console.log('done');
}
