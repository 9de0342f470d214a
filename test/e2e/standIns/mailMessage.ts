export interface MailPart {
	/** Such as `text/plain`. */
	readonly type: string;
	/** Of an attachment. */
	readonly fileName: string | undefined;
	readonly bytes: Buffer;
}

export interface MailMessage {
	readonly from: string;
	readonly to: string;
	readonly subject: string;
	/** The first text part. */
	readonly text: string;
	readonly parts: readonly MailPart[];
}

interface Entity {
	readonly headers: ReadonlyMap<string, string>;
	readonly body: string;
}

function entity(raw: string): Entity {
	const end = raw.indexOf('\r\n\r\n');
	const head = (end < 0 ? raw : raw.slice(0, end)).replace(/\r\n[ \t]+/g, ' ');
	const headers = head.split('\r\n').map((line) => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
	});
	return { headers: new Map(headers), body: end < 0 ? '' : raw.slice(end + 4) };
}

function decoded({ headers, body }: Entity): Buffer {
	switch (headers.get('content-transfer-encoding')?.toLowerCase()) {
		case 'base64':
			return Buffer.from(body, 'base64');
		case 'quoted-printable':
			return Buffer.from(
				body
					.replaceAll('=\r\n', '')
					.replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
				'latin1',
			);
		default:
			return Buffer.from(body, 'latin1');
	}
}

function parts(whole: Entity): MailPart[] {
	const type = whole.headers.get('content-type') ?? 'text/plain';
	const boundary = /boundary="?([^";]+)/i.exec(type)?.[1];
	if (boundary !== undefined) {
		const sections = `\r\n${whole.body}`.split(`\r\n--${boundary}`).slice(1, -1);
		return sections.flatMap((section) => parts(entity(section.replace(/^[ \t]*\r\n/, ''))));
	}
	const disposition = whole.headers.get('content-disposition') ?? '';
	const fileName = /filename="?([^";]+)/i.exec(disposition)?.[1];
	return [{ type: type.split(';')[0] ?? '', fileName, bytes: decoded(whole) }];
}

/** Reads a message as it went over the wire, one character a byte: the parts of MIME that senders here use. */
export function mailMessage(raw: string): MailMessage {
	const whole = entity(raw);
	const all = parts(whole);
	const text = all.find(({ type, fileName }) => type === 'text/plain' && fileName === undefined);
	return {
		from: whole.headers.get('from') ?? '',
		to: whole.headers.get('to') ?? '',
		subject: whole.headers.get('subject') ?? '',
		text: (text?.bytes.toString('utf8') ?? '').replaceAll('\r\n', '\n'),
		parts: all,
	};
}
