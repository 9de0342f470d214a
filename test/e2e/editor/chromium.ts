import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Debian's package; `CHROMIUM` names another one. */
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Why nothing can be shown in a browser here, `undefined` when it can. */
export const chromiumIsMissing = existsSync(PROGRAM)
	? undefined
	: `${PROGRAM} is missing: test/setup/debian.sh installs it`;

/** A headless Chromium, which plays sound to nobody. Chromium refuses its own sandbox to root. */
export async function startChromium(): Promise<Browser> {
	const isRoot = process.getuid?.() === 0;
	return await chromium.launch({
		executablePath: PROGRAM,
		chromiumSandbox: !isRoot,
		args: ['--mute-audio', '--autoplay-policy=no-user-gesture-required'],
	});
}
