import { DateTime } from 'luxon';
import type { CrmCall } from './crmCall';

const ESCAPES: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/** Text as HTML: what agents and callers typed stays text. */
const html = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5c6675; --line: #e2e6ec; --page: #f6f7f9; --card: #fff; --tag: #e8eefb; --tag-ink: #234a9c; }
@media (prefers-color-scheme: dark) {
	:root { --ink: #e8ebf0; --soft: #9aa5b5; --line: #2c333f; --page: #12161c; --card: #1a1f28; --tag: #22335a; --tag-ink: #b9cdfb; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; letter-spacing: -0.01em; margin: 0 0 0.25rem; }
h2 { font-size: 1.05rem; margin: 0; font-variant-numeric: tabular-nums; }
p { margin: 0; color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin-top: 1.25rem; overflow: hidden; }
header.contact { display: flex; gap: 0.75rem; align-items: baseline; justify-content: space-between; padding: 0.9rem 1.1rem; border-bottom: 1px solid var(--line); }
header.contact p { font-size: 0.875rem; }
ol { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: 13rem 1fr auto 16rem; gap: 0.35rem 1.1rem; align-items: center; padding: 0.7rem 1.1rem; }
li + li { border-top: 1px solid var(--line); }
time, .duration { font-variant-numeric: tabular-nums; }
.who { font-size: 0.9375rem; }
.who small { color: var(--soft); font-size: 0.875rem; }
.tag { display: inline-block; background: var(--tag); color: var(--tag-ink); border-radius: 99px; padding: 0.05rem 0.6rem; font-size: 0.8125rem; font-weight: 600; }
.duration { color: var(--soft); font-size: 0.875rem; }
audio { width: 100%; height: 2.25rem; }
.empty { padding: 2rem 1.1rem; text-align: center; }
@media (max-width: 52rem) { li { grid-template-columns: 1fr auto; } audio { grid-column: 1 / -1; } time { order: 1; } .duration { order: 2; } .who { grid-column: 1 / -1; order: 3; } audio { order: 4; } }
`;

/** `(415) 555-0150` for a ten-digit number, anything else as it came. */
function phone(number: string): string {
	const match = /^(\d{3})(\d{3})(\d{4})$/.exec(number);
	return match === null ? number : `(${match[1]}) ${match[2]}-${match[3]}`;
}

function when(iso: string): string {
	const time = DateTime.fromISO(iso, { setZone: true });
	return time.isValid ? time.toFormat('ccc d LLL yyyy, HH:mm') : iso;
}

function duration(seconds: number): string {
	return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

function callLine(call: CrmCall): string {
	const where = [call.callType, call.queueName]
		.filter((part) => part !== '')
		.map(html)
		.join(' · ');
	const tag = call.wrapUpCode === '' ? '' : `<span class="tag">${html(call.wrapUpCode)}</span>`;
	return `<li>
<time datetime="${html(call.startTime)}">${html(when(call.startTime))}</time>
<span class="who">${html(call.agentName)} ${tag} <small>${where}</small></span>
<span class="duration">${duration(call.durationSeconds)}</span>
<audio controls preload="metadata" src="/recordings/${call.id}.wav" aria-label="Recording of ${html(when(call.startTime))}"></audio>
</li>`;
}

function contactSection(contact: string, calls: readonly CrmCall[]): string {
	const account = calls.find((call) => call.accountNumber !== '')?.accountNumber;
	const about = [
		account === undefined ? '' : `Account ${account}`,
		`${calls.length} ${calls.length === 1 ? 'call' : 'calls'}`,
	];
	return `<section>
<header class="contact"><h2>${html(phone(contact) || 'Unknown contact')}</h2><p>${html(about.filter(Boolean).join(' · '))}</p></header>
<ol>${calls.map(callLine).join('\n')}</ol>
</section>`;
}

/** Every contact with their calls, the most recent first. One page without scripts or outside assets. */
export function contactsPage(calls: readonly CrmCall[]): string {
	const newestFirst = [...calls].sort((a, b) => b.startTime.localeCompare(a.startTime));
	const contacts = new Map<string, CrmCall[]>();
	for (const call of newestFirst) contacts.set(call.contactPhone, [...(contacts.get(call.contactPhone) ?? []), call]);
	const sections = [...contacts].map(([contact, theirs]) => contactSection(contact, theirs)).join('\n');
	const summary = `${calls.length} recorded ${calls.length === 1 ? 'call' : 'calls'} with ${contacts.size} ${contacts.size === 1 ? 'contact' : 'contacts'}`;
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Calls by contact</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Calls by contact</h1>
<p>${calls.length === 0 ? 'A stand-in for your CRM.' : summary}</p>
${sections || '<section><p class="empty">No calls yet. They appear here as the workflow delivers them; reload the page.</p></section>'}
</main>
</body>
</html>
`;
}
