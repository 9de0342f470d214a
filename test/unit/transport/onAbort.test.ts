import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';

import { Cancellation, onAbort } from '../../../transport/onAbort';

function listenersOf(signal: AbortSignal): number {
	return getEventListeners(signal, 'abort').length;
}

describe('onAbort', () => {
	it('tells every listener that is left, once', () => {
		const controller = new AbortController();
		const told: string[] = [];
		const forget = ['a', 'b', 'c', 'd'].map((name) => onAbort(controller.signal, () => told.push(name)));
		forget[1]?.();
		forget[1]?.();
		controller.abort();
		controller.abort();
		expect(told.sort()).toEqual(['a', 'c', 'd']);
	});

	it('has one listener on the signal for all, and none when all are taken off', () => {
		const { signal } = new AbortController();
		const forget = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
		expect(listenersOf(signal)).toBe(1);
		for (const one of forget) one();
		expect(listenersOf(signal)).toBe(0);
	});

	it('listens again after all have been taken off', () => {
		const controller = new AbortController();
		let told = 0;
		onAbort(controller.signal, () => undefined)();
		onAbort(controller.signal, () => (told += 1));
		controller.abort();
		expect(told).toBe(1);
	});

	it('leaves the others alone when one is taken off twice', () => {
		const { signal } = new AbortController();
		const forgetFirst = onAbort(signal, () => undefined);
		forgetFirst();
		const forget = [onAbort(signal, () => undefined)];
		forgetFirst();
		forget.push(onAbort(signal, () => undefined));
		expect(listenersOf(signal)).toBe(1);
		for (const one of forget) one();
		expect(listenersOf(signal)).toBe(0);
	});

	it('keeps signals apart', () => {
		const [first, second] = [new AbortController(), new AbortController()];
		const told: string[] = [];
		onAbort(first.signal, () => told.push('first'));
		onAbort(second.signal, () => told.push('second'));
		second.abort();
		expect(told).toEqual(['second']);
	});

	it('needs no signal', () => {
		expect(() => onAbort(undefined, () => undefined)()).not.toThrow();
	});
});

describe('Cancellation', () => {
	it('is aborted before its listeners hear of it', () => {
		const cancellation = new Cancellation();
		const seen: boolean[] = [];
		onAbort(cancellation, () => seen.push(cancellation.aborted));
		expect(cancellation.aborted).toBe(false);
		cancellation.abort();
		expect(seen).toEqual([true]);
	});

	it('does not tell one that another has taken off meanwhile', () => {
		const cancellation = new Cancellation();
		const told: string[] = [];
		let forgetLast = (): void => undefined;
		cancellation.listen(() => {
			told.push('first');
			forgetLast();
		});
		forgetLast = cancellation.listen(() => told.push('last'));
		cancellation.abort();
		expect(told).toEqual(['first']);
	});
});
