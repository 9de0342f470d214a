'use strict';

/**
 * Preloaded into n8n (`NODE_OPTIONS=--require`), so that the package lives on the day that a test is about: its Date is off by
 * the milliseconds in SHIFTED_CLOCK_FILE, and follows when the test moves the clock on. Timers keep real time, and so does
 * n8n itself, whose scheduler goes by its database's clock as well.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');

const PACKAGE = join('node_modules', 'n8n-nodes-8x8-recordings', '/');
const file = process.env.SHIFTED_CLOCK_FILE;
let shift = 0;

function readShift() {
	const read = Number(readFileSync(file, 'utf8'));
	if (Number.isFinite(read) && read !== 0) shift = read;
}

if (file) {
	readShift();
	setInterval(readShift, 50).unref();
	const now = () => Date.now() + shift;
	globalThis.shiftedDate = new Proxy(Date, {
		construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
		apply: () => new Date(now()).toString(),
		get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
	});
	const compile = Module.prototype._compile;
	Module.prototype._compile = function (content, fileName, ...others) {
		if (!fileName.includes(PACKAGE)) return compile.call(this, content, fileName, ...others);
		const strict = /^\s*(["'])use strict\1/.test(content) ? '"use strict";' : '';
		return compile.call(this, `${strict}const Date = globalThis.shiftedDate;${content}`, fileName, ...others);
	};
}
