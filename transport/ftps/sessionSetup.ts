import { FTPError, type Client } from 'basic-ftp';

import { BurstFailure, sendTogether, type Answer } from './commandBurst';
import type { Shortcut } from './shortcut';

/** What one log-in found out about the server, true for the next ones as well. */
export interface ServerTraits {
	/** MLST and MLSD (RFC 3659): listings with exact sizes and UTC times. */
	readonly hasMachineListing: boolean;
	/** Absolute, without a slash at the end but for `/` itself. */
	readonly loginDirectory: string;
}

export interface SessionPlan {
	/** What an earlier connection of the same account found out. */
	readonly known: ServerTraits | undefined;
	/** Whether the commands are sent together. */
	readonly burst: Shortcut;
	/** Milliseconds that the server took to check the password. */
	readonly slowest: number;
}

/** How long a server has for each answer to commands sent together: some times what the password took. */
const SHORTEST_WAIT_MILLISECONDS = 1_000;
const WAIT_PASSWORDS = 5;

/** `257 "/a ""quoted"" name" is the current directory`: RFC 959 appendix II. */
const DIRECTORY_REPLY = /^257[ -]"((?:[^"]|"")*)"/u;
/** Some servers leave the quotes out (sharp-ftp-server PR 3). */
const BARE_DIRECTORY_REPLY = /^257[ -](\/\S*)/u;
const MACHINE_LISTING = /^\s*MLST(?: |$)/mu;

/** Whether the answers can be those to the commands: those to FEAT and PWD are like no other's. */
function areInOrder(commands: readonly string[], answers: readonly Answer[]): boolean {
	return commands.every((command, i) => {
		const code = answers[i]?.code ?? 0;
		if (code >= 400) return true;
		if (command === 'FEAT') return code === 211;
		return command === 'PWD' ? code === 257 : code >= 200 && code < 300 && code !== 211 && code !== 257;
	});
}

function loginDirectoryFrom(reply: Answer | undefined): string {
	const message = reply?.message ?? '';
	const quoted = DIRECTORY_REPLY.exec(message)?.[1]?.replaceAll('""', '"');
	const directory = quoted ?? BARE_DIRECTORY_REPLY.exec(message)?.[1] ?? '';
	if (!directory.startsWith('/')) return '/';
	return directory.replace(/\/+$/u, '') || '/';
}

async function answersTogether(
	client: Client,
	commands: readonly string[],
	slowest: number,
): Promise<readonly Answer[]> {
	const wait = Math.max(SHORTEST_WAIT_MILLISECONDS, WAIT_PASSWORDS * slowest);
	const answers = await sendTogether(client.ftp, commands, wait);
	if (areInOrder(commands, answers)) return answers;
	return await Promise.reject(new BurstFailure('the answers to several commands were mixed up'));
}

async function answersInTurn(client: Client, commands: readonly string[]): Promise<readonly Answer[]> {
	const answers: Answer[] = [];
	for (const command of commands) {
		const answer = await client.ftp.request(command).catch((error: unknown): Answer | Promise<never> => {
			return error instanceof FTPError ? error : Promise.reject(error);
		});
		answers.push(answer);
	}
	return answers;
}

async function answersTo(client: Client, commands: readonly string[], plan: SessionPlan): Promise<readonly Answer[]> {
	const { burst, slowest } = plan;
	if (!burst.begin()) return await answersInTurn(client, commands);
	const answers = await answersTogether(client, commands, slowest).catch((error: unknown) => {
		burst.failed();
		return Promise.reject(error);
	});
	burst.worked();
	return answers;
}

/**
 * Asks for all that a session needs after the log-in, in one round trip where the server takes several commands at once.
 * Rejects when it refuses the binary type, and with a `BurstFailure` when it does not take them.
 */
export async function setUpSession(client: Client, plan: SessionPlan): Promise<ServerTraits> {
	const { known } = plan;
	const commands = [
		...(known === undefined ? ['FEAT'] : []),
		'TYPE I',
		'OPTS UTF8 ON',
		// Only what is read: in a day's listing of thousands of files the other facts are most of the bytes.
		...(known?.hasMachineListing === false ? [] : ['OPTS MLST type;size;modify;']),
		// Servers that encrypt every data connection may refuse these. Ours are always TLS, so that leaks nothing.
		'PBSZ 0',
		'PROT P',
		'PWD',
	];
	const answers = await answersTo(client, commands, plan);
	const answerTo = (command: string): Answer | undefined => answers[commands.indexOf(command)];
	const binary = answerTo('TYPE I');
	if (binary instanceof FTPError) await Promise.reject(binary);
	const traits = known ?? {
		hasMachineListing: MACHINE_LISTING.test(answerTo('FEAT')?.message ?? ''),
		loginDirectory: loginDirectoryFrom(answerTo('PWD')),
	};
	return traits;
}
