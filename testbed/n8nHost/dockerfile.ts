/** One instruction of a Dockerfile. */
export interface Instruction {
	/** Where it stands, the first line of the file being 1. */
	readonly line: number;
	/** In capitals, such as `COPY`. */
	readonly name: InstructionName;
	/** What follows its name. */
	readonly text: string;
}

const NAMES = ['ARG', 'FROM', 'ENV', 'COPY', 'RUN', 'USER', 'WORKDIR', 'ENTRYPOINT'] as const;
export type InstructionName = (typeof NAMES)[number];

/** What a line of a Dockerfile asks for and this reader does not do. Its message begins with the line's number. */
export class NotUnderstood extends Error {
	override readonly name = 'NotUnderstood';

	constructor(line: number, what: string) {
		super(`Dockerfile, line ${line}: ${what}`);
	}
}

function isName(word: string): word is InstructionName {
	return NAMES.some((name) => name === word);
}

/**
 * The instructions of a Dockerfile, each on one line. Only what is listed above is read, in the form that needs no
 * BuildKit; whatever else stands there throws `NotUnderstood`, so that nothing is passed over.
 */
export function readDockerfile(text: string): readonly Instruction[] {
	return text.split(/\r?\n/).flatMap((raw, index) => {
		const line = index + 1;
		const trimmed = raw.trim();
		// A comment of this form chooses another reader of the file (docs.docker.com, "Parser directives").
		if (/^#\s*(?:syntax|escape|check)\s*=/i.test(trimmed)) throw new NotUnderstood(line, 'a parser directive');
		if (trimmed === '' || trimmed.startsWith('#')) return [];
		const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(trimmed) ?? [];
		const name = word.toUpperCase();
		if (!isName(name)) throw new NotUnderstood(line, `the instruction ${word}`);
		if (rest === '') throw new NotUnderstood(line, `${name} without anything after it`);
		if (rest.endsWith('\\')) throw new NotUnderstood(line, 'a line that goes on in the next one');
		if (rest.startsWith('--')) throw new NotUnderstood(line, `the flag ${rest.split(/[\s=]/)[0] ?? ''} of ${name}`);
		if (rest.includes('<<')) throw new NotUnderstood(line, 'a here-document');
		return [{ line, name, text: rest }];
	});
}

/** `text` with `$NAME` and `${NAME}` replaced. Like Docker, one that is not set is empty. */
export function substituted(text: string, line: number, variables: Readonly<Record<string, string>>): string {
	return text.replaceAll(/\$(?:\{([^}]*)\}|(\w+)|(.?))/g, (whole, braced?: string, bare?: string) => {
		const name = braced ?? bare;
		if (name === undefined || !/^\w+$/.test(name)) throw new NotUnderstood(line, `the substitution ${whole}`);
		return variables[name] ?? '';
	});
}

/** The `NAME=value` pairs of ENV, before substitution. A value is one word, or in double quotes. */
export function assignments({ line, text }: Instruction): readonly (readonly [name: string, value: string])[] {
	const pair = /^(\w+)=(?:"([^"\\]*)"|([^\s"'\\]*))(?:\s+|$)/;
	const pairs: [string, string][] = [];
	let rest = text;
	while (rest !== '') {
		const found = pair.exec(rest);
		if (found === null) throw new NotUnderstood(line, `"${rest}", which is not NAME=value`);
		pairs.push([found[1] ?? '', found[2] ?? found[3] ?? '']);
		rest = rest.slice(found[0].length);
	}
	return pairs;
}
