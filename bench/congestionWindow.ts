/** Bytes of a full segment on Ethernet. */
const SEGMENT = 1_460;

/** Bytes that may leave before the first of them is acknowledged (RFC 6928). */
export const INITIAL_WINDOW = 10 * SEGMENT;

/** Milliseconds that Linux adds to a measured round trip before it takes an answer for lost, at the least (TCP_RTO_MIN). */
const LEAST_PATIENCE = 200;

/** How a connection begins slowly. */
export interface SlowStart {
	/** Whether a pause closes the window again, as Linux does unless `tcp_slow_start_after_idle` is 0. */
	readonly restartsAfterIdle: boolean;
}

/**
 * TCP's slow start for one direction of one connection: how many bytes may be under way. Every acknowledged byte makes room for
 * one more (RFC 5681, 3.1), so that the window doubles each round trip in which it was used. Nothing is lost on our links, so
 * that it never leaves slow start. Milliseconds are the caller's, from any clock.
 */
export class CongestionWindow {
	readonly #restartsAfterIdle: boolean;

	readonly #patience: number;

	#bytes = INITIAL_WINDOW;

	#underWay = 0;

	/** The most that was under way since the current round trip began. */
	#mostUnderWay = 0;

	/** All that was sent and all that was acknowledged, and what is acknowledged when the current round trip ends. */
	#sent = 0;

	#acknowledged = 0;

	#roundEnds = 0;

	#lastSentAt = 0;

	constructor(roundTrip: number, { restartsAfterIdle }: SlowStart) {
		this.#patience = roundTrip + LEAST_PATIENCE;
		this.#restartsAfterIdle = restartsAfterIdle;
	}

	/** Bytes that may leave now. */
	room(now: number): number {
		if (this.#underWay === 0) this.#shrinkUnused(now);
		return Math.max(0, this.#bytes - this.#underWay);
	}

	send(bytes: number, now: number): void {
		this.#lastSentAt = now;
		this.#sent += bytes;
		this.#underWay += bytes;
		this.#mostUnderWay = Math.max(this.#mostUnderWay, this.#underWay);
	}

	acknowledge(bytes: number): void {
		// A window that is not used tells nothing of the path: Linux lets it grow to twice of what was used (tcp_is_cwnd_limited).
		if (this.#bytes < 2 * this.#mostUnderWay) this.#bytes += bytes;
		this.#acknowledged += bytes;
		if (this.#acknowledged >= this.#roundEnds) {
			this.#roundEnds = this.#sent;
			this.#mostUnderWay = this.#underWay;
		}
		this.#underWay -= bytes;
	}

	/** Half of the window goes for each time that an answer would have been given up meanwhile (RFC 2861; tcp_cwnd_restart). */
	#shrinkUnused(now: number): void {
		if (!this.#restartsAfterIdle || this.#bytes <= INITIAL_WINDOW) return;
		const halvings = Math.floor((now - this.#lastSentAt) / this.#patience);
		this.#bytes = Math.max(INITIAL_WINDOW, this.#bytes / 2 ** halvings);
		this.#lastSentAt += halvings * this.#patience;
	}
}
