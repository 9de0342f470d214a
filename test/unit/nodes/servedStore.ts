import type { RemoteStore } from '../../../transport/remoteStore';

let served: (() => RemoteStore) | undefined;

/** From now on nodes find `store` when they connect, whatever their credential says: each test file says at its top what. */
export function serveFrom(store: () => RemoteStore): void {
	served = store;
}

export function openServedStore(): RemoteStore {
	if (served === undefined)
		throw new Error('This test connects, and says nowhere to what: call serveFrom at the top of its file');
	return served();
}
