import type { ConnectionShare } from '../../../transport/connectionShare';

/** Others who use the account. */
export class Others implements Pick<ConnectionShare, 'claimSurplus' | 'whenWanted'> {
	/** Connections that they still need. */
	wanted = 0;

	#listener: () => void = () => undefined;

	claimSurplus(): boolean {
		if (this.wanted === 0) return false;
		this.wanted -= 1;
		return true;
	}

	whenWanted(listener: () => void): void {
		this.#listener = listener;
	}

	want(connections: number): void {
		this.wanted = connections;
		this.#listener();
	}
}
