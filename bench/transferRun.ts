import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Contestant } from './contestant';
import type { MeasuredServers, Protocol } from './measuredServers';
import type { Cost } from './processCost';
import type { Tree } from './tree';
import type { Link } from './wan';

/** One download by one contestant, as it stands in the results. */
export interface TransferResult extends Partial<Cost> {
	readonly tree: string;
	readonly files: number;
	readonly bytes: number;
	readonly link: Link;
	readonly protocol: Protocol;
	readonly contestant: string;
	readonly kind: Contestant['kind'];
	/** Why there are no figures: it failed, or was stopped when the time was up. */
	readonly failure?: string;
	/** Stopped after this many seconds. */
	readonly stoppedAfter?: number;
}

export interface TransferPlan {
	readonly servers: MeasuredServers;
	readonly tree: Tree;
	readonly link: Link;
	readonly protocol: Protocol;
	readonly contestants: readonly Contestant[];
	readonly repeat: number;
	/** Seconds after which a download is stopped. */
	readonly limit: number;
	/** A directory for the downloads while they are counted. */
	readonly scratch: string;
	readonly say: (line: string) => void;
}

/** Seconds that the link alone needs for the tree's bytes; 0 without a limit. */
export function linkSeconds(bytes: number, link: Link): number {
	return link.downlink === undefined ? 0 : (bytes * 8) / (link.downlink * 1_000_000);
}

async function downloadOnce(contestant: Contestant, plan: TransferPlan): Promise<TransferResult> {
	const { servers, tree, link, protocol, limit, scratch } = plan;
	const destination = await mkdtemp(join(scratch, 'download-'));
	// Each one gets a link of its own, so that nothing of the one before is still under way on it.
	const way = await servers.open(link);
	const stop = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const base = {
		tree: tree.name,
		files: tree.files.length,
		bytes: tree.bytes,
		link,
		protocol,
		contestant: contestant.name,
		kind: contestant.kind,
	};
	try {
		await contestant.prepare?.();
		timer = setTimeout(() => stop.abort(new Error(`stopped after ${limit} s`)), limit * 1_000);
		const cost = await contestant.download({
			endpoint: way.endpoint(protocol),
			tree,
			destination,
			signal: stop.signal,
		});
		return { ...base, ...cost };
	} catch (error) {
		const failure = error instanceof Error ? error.message : String(error);
		return { ...base, failure, ...(stop.signal.aborted ? { stoppedAfter: limit } : {}) };
	} finally {
		clearTimeout(timer);
		await way.close();
		await rm(destination, { recursive: true, force: true });
	}
}

/** All contestants one after the other, and that again, so that a change of the machine's mood meets them all. */
export async function runTransfers(plan: TransferPlan): Promise<TransferResult[]> {
	const results: TransferResult[] = [];
	const hopeless = new Set<string>();
	for (let round = 0; round < plan.repeat; round += 1) {
		for (const contestant of plan.contestants) {
			if (!contestant.protocols.includes(plan.protocol) || hopeless.has(contestant.name)) continue;
			const result = await downloadOnce(contestant, plan);
			if (result.failure !== undefined) hopeless.add(contestant.name);
			results.push(result);
			const told = result.failure ?? `${result.seconds?.toFixed(2)} s`;
			plan.say(
				`${plan.tree.name}, ${plan.protocol}, ${plan.link.roundTrip} ms: ${contestant.name}: ${told.split('\n')[0]}`,
			);
		}
	}
	return results;
}
