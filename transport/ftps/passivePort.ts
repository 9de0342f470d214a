/** `229 Entering Extended Passive Mode (|||6446|)`; IBM i writes `!` for `|`. RFC 2428 section 3. */
const EXTENDED_PORT = /[|!]{3}(\d{1,5})[|!]/u;
/** `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)`. RFC 959 section 4.1.2. */
const PASSIVE_PORT = /(?<![\d,])\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})/u;
const HIGHEST_PORT = 65_535;

function legalPort(port: number): number | undefined {
	return port > 0 && port <= HIGHEST_PORT ? port : undefined;
}

/** The port in a reply to EPSV. */
export function extendedPassivePort(reply: string): number | undefined {
	return legalPort(Number(EXTENDED_PORT.exec(reply)?.[1] ?? 0));
}

/** The port in a reply to PASV; the address in it is never used. */
export function passivePort(reply: string): number | undefined {
	const match = PASSIVE_PORT.exec(reply);
	return legalPort(Number(match?.[1] ?? 0) * 256 + Number(match?.[2] ?? 0));
}
