import ssh2 from 'ssh2';
import type { FileEntry, SFTPWrapper } from 'ssh2';

import { refuse, type OddSftpOptions, type OddTree } from '../../testbed/servers/oddSftp';

const { STATUS_CODE } = ssh2.utils.sftp;

type Change = NonNullable<OddSftpOptions['change']>;

/** READDIR in pieces of 100 names, by `answer`, which gets how many were asked for before. */
function pieces(
	sftp: SFTPWrapper,
	tree: OddTree,
	answer: (state: {
		id: number;
		all: FileEntry[];
		asked: number;
		ends: number;
		send: (names: FileEntry[] | undefined) => void;
		given: { at: number };
	}) => void,
): void {
	const states = new Map<string, { asked: number; ends: number; given: { at: number } }>();
	sftp.removeAllListeners('READDIR');
	sftp.on('READDIR', (id, handle) => {
		const state = states.get(String(handle)) ?? { asked: 0, ends: 0, given: { at: 0 } };
		states.set(String(handle), state);
		const send = (names: FileEntry[] | undefined): void => {
			if (names === undefined || names.length === 0) {
				state.ends += 1;
				sftp.status(id, STATUS_CODE.EOF);
			} else sftp.name(id, names);
		};
		answer({ id, all: tree.entries(handle), asked: state.asked, ends: state.ends, send, given: state.given });
		state.asked += 1;
	});
}

const LATE = 5;
const later = (work: () => void): void => void setTimeout(work, LATE);

/** Servers that give a directory's names in an odd way, by what they do. */
export const LISTINGS: Readonly<Record<string, Change>> = {
	'gives the same names to every READDIR that is in flight': (sftp, tree) =>
		pieces(sftp, tree, ({ all, given, send }) => {
			const { at } = given;
			later(() => {
				given.at = at + 100;
				send(all.slice(at, at + 100));
			});
		}),
	'leaves names out without a sign when READDIRs overlap': (sftp, tree) =>
		pieces(sftp, tree, ({ all, given, send }) => {
			given.at += 100;
			later(() => send(all.slice(given.at - 100, given.at)));
		}),
	'says the end to all that ask while it reads': (sftp, tree) => {
		const busy = new Set<object>();
		pieces(sftp, tree, ({ all, given, send }) => {
			if (busy.has(given)) return send(undefined);
			busy.add(given);
			later(() => {
				busy.delete(given);
				send(all.slice(given.at, (given.at += 100)));
			});
		});
	},
	'answers a READDIR behind the end with an error': (sftp, tree) =>
		pieces(sftp, tree, ({ id, all, given, ends, send }) => {
			if (ends > 0) sftp.status(id, STATUS_CODE.FAILURE);
			else send(all.slice(given.at, (given.at += 100)));
		}),
	'never answers a READDIR behind the end': (sftp, tree) =>
		pieces(sftp, tree, ({ all, given, ends, send }) => {
			if (ends === 0) send(all.slice(given.at, (given.at += 100)));
		}),
	'ends with an answer that has no names, and goes on with others': (sftp, tree) =>
		pieces(sftp, tree, ({ id, all, given, send }) => {
			const some = all.slice(given.at, (given.at += 100));
			if (some.length > 0) send(some);
			else sftp.name(id, []);
		}),
	'gives a name twice': (sftp, tree) =>
		pieces(sftp, tree, ({ all, given, send }) => send(all.slice(Math.max(0, given.at - 10), (given.at += 100)))),
};

/** All names of a directory in one answer, each as `shown` makes it. */
function inOneAnswer(
	sftp: SFTPWrapper,
	tree: OddTree,
	shown: (entry: FileEntry, directory: string) => FileEntry,
): void {
	const listed = new Set<string>();
	sftp.removeAllListeners('READDIR');
	sftp.on('READDIR', (id, handle) => {
		if (listed.has(String(handle))) return sftp.status(id, STATUS_CODE.EOF);
		listed.add(String(handle));
		const names = tree.entries(handle).map((entry) => shown(entry, tree.pathOf(handle)));
		sftp.name(id, names);
	});
}

/** Refuses to tell anything of an open file, with this status. */
export function refusesFstat(status: number): Change {
	return (sftp) => {
		sftp.removeAllListeners('FSTAT');
		sftp.on('FSTAT', (id) => sftp.status(id, status));
	};
}

/** Refuses whatever is not there with this status and these words. */
export function refusesMissing(status: number, words: string): Change {
	return (sftp, tree) => {
		for (const event of ['OPEN', 'OPENDIR', 'STAT', 'LSTAT'] as const) {
			const usual = sftp.listeners(event);
			sftp.removeAllListeners(event);
			sftp.on(event, (id: number, path: string, ...more: unknown[]) => {
				if (tree.attributes(path) === undefined) refuse(sftp, id, status, words);
				else for (const answer of usual) Reflect.apply(answer, sftp, [id, path, ...more]);
			});
		}
	};
}

/** Permissions without the bits of the file type. */
const bareMode = (mode: number): number => mode & 0o777;

/** Servers that tell of files, or take paths, in an odd way. */
export const MANNERS = {
	'leaves the file type out of the permissions': {
		change: (sftp, tree) =>
			inOneAnswer(sftp, tree, (entry) => ({ ...entry, attrs: { ...entry.attrs, mode: bareMode(entry.attrs.mode) } })),
	},
	'tells no file type anywhere': {
		change: (sftp, tree) => {
			inOneAnswer(sftp, tree, (entry) => ({
				...entry,
				longname: entry.filename,
				attrs: { ...entry.attrs, mode: bareMode(entry.attrs.mode) },
			}));
			const tell = (id: number, path: string): void => {
				const attrs = tree.attributes(path);
				if (attrs === undefined) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
				else sftp.attrs(id, { ...attrs, mode: bareMode(attrs.mode) });
			};
			for (const event of ['STAT', 'FSTAT'] as const) sftp.removeAllListeners(event);
			sftp.on('STAT', tell);
			sftp.on('FSTAT', (id, handle) => tell(id, tree.pathOf(handle)));
		},
	},
	'says that an open file is empty': {
		change: (sftp) => {
			sftp.removeAllListeners('FSTAT');
			sftp.on('FSTAT', (id) => sftp.attrs(id, { mode: 0o100644, uid: 0, gid: 0, size: 0, atime: 0, mtime: 1_000 }));
		},
	},
	'does not know STAT': {
		change: (sftp) => {
			for (const event of ['STAT', 'LSTAT'] as const) sftp.removeAllListeners(event);
		},
	},
	'refuses paths that begin at the login directory': { paths: 'absolute' },
	'says no more than "Failure" of whatever is missing': { change: refusesMissing(STATUS_CODE.FAILURE, 'Failure') },
	'forbids to ask for the state of anything': {
		change: (sftp) => {
			for (const event of ['STAT', 'LSTAT', 'FSTAT'] as const) {
				sftp.removeAllListeners(event);
				sftp.on(event, (id: number) => sftp.status(id, STATUS_CODE.PERMISSION_DENIED, 'Forbidden'));
			}
		},
	},
	'lists names with the path of their directory': {
		change: (sftp, tree) =>
			inOneAnswer(sftp, tree, (entry, directory) => ({
				...entry,
				filename: ['/home/tenant', directory, entry.filename].filter((part) => part !== '').join('/'),
			})),
	},
	'puts a slash behind the names of directories': {
		change: (sftp, tree) =>
			inOneAnswer(sftp, tree, (entry) => ({
				...entry,
				filename: entry.longname.startsWith('d') ? `${entry.filename}/` : entry.filename,
			})),
	},
} satisfies Readonly<Record<string, Partial<OddSftpOptions>>>;
