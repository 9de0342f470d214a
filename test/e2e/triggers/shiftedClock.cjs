'use strict';

/**
 * Preloaded into n8n (`NODE_OPTIONS=--require`), so that it lives on the day that a test is about: Date is off by the
 * milliseconds in SHIFTED_CLOCK_FILE, and follows when the test moves the clock on. Timers keep real time.
 */
const { readFileSync } = require('node:fs');

const file = process.env.SHIFTED_CLOCK_FILE;
const realNow = Date.now.bind(Date);
const RealDate = Date;
let shift = 0;

function readShift() {
	const read = Number(readFileSync(file, 'utf8'));
	if (Number.isFinite(read) && read !== 0) shift = read;
}

if (file) {
	readShift();
	setInterval(readShift, 50).unref();
	globalThis.Date = new Proxy(RealDate, {
		construct: (target, given, newTarget) =>
			Reflect.construct(target, given.length === 0 ? [realNow() + shift] : given, newTarget),
		apply: () => new RealDate(realNow() + shift).toString(),
		get: (target, name, receiver) => (name === 'now' ? () => realNow() + shift : Reflect.get(target, name, receiver)),
	});
}
