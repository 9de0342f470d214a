import { DateTime } from 'luxon';
import type { SeededRandom } from './seededRandom';
import type { CallCodec, PlannedCall, PlannedCallType } from './tenantCall';

interface Agent {
	readonly name: string;
	readonly extension: string;
	readonly queue: string;
	readonly queueName: string;
	readonly phoneChannel: string;
	readonly wrapUpCodes: readonly (string | null)[];
	readonly outdialCodes: readonly string[];
	/** Share of calls the agent makes, and of calls that reach the agent past the queue. */
	readonly outboundShare: number;
	readonly directShare: number;
}

/** Three agents, each with the codes of their own work. `null` = the agent hung up without choosing one. */
const AGENTS: readonly Agent[] = [
	{
		name: 'Agent One',
		extension: '2001',
		queue: '501',
		queueName: 'Sales',
		phoneChannel: '4155550100',
		wrapUpCodes: ['Sale', 'Sale', 'No Sale', 'Callback', 'Wrong Number'],
		outdialCodes: ['Follow-up'],
		outboundShare: 0.2,
		directShare: 0.1,
	},
	{
		name: 'Agent Two',
		extension: '2002',
		queue: '502',
		queueName: 'Support, Tier 2',
		phoneChannel: '4155550120',
		wrapUpCodes: ['Resolved', 'Resolved', 'Complaint - Billing', 'Complaint - Service', 'Escalated', null],
		outdialCodes: ['Case update'],
		outboundShare: 0.1,
		directShare: 0.15,
	},
	{
		name: 'Agent Three',
		extension: '2003',
		queue: '503',
		queueName: 'Renewals',
		phoneChannel: '4155550140',
		wrapUpCodes: ['Renewed', 'Sale', 'Voicemail', 'Do Not Call', null],
		outdialCodes: ['Renewal campaign', 'Win-back "spring"'],
		outboundShare: 0.8,
		directShare: 0.05,
	},
];

const LABELS: Readonly<Record<PlannedCallType, string>> = {
	inbound: 'Inbound',
	outbound: 'Outbound',
	directAgentAccess: 'Direct Agent Access',
};

const FORMATS: readonly (readonly [CallCodec, 1 | 2])[] = [
	['mulaw', 1],
	['mulaw', 1],
	['mulaw', 2],
	['alaw', 1],
	['alaw', 2],
	['pcm', 1],
	['pcm', 2],
];

const CONTACTS = 18;
const SEGMENTS = ['retail', 'trade', 'public sector', null] as const;
const SECONDS_A_DAY = 86_400;
const SHORTEST_SECONDS = 3;
const LONGEST_SECONDS = 9;
/** One call in ten is handed on and recorded twice. */
const TRANSFER_SHARE = 0.1;
const TRANSFER_GAP_SECONDS = 2;

/** Numbers kept for fiction (555-0100 to 555-0199); the same contacts call again and again. */
function contactPhone(contact: number): string {
	return `${['415', '628', '510'][contact % 3]}55501${String(50 + contact).padStart(2, '0')}`;
}

function callType(agent: Agent, random: SeededRandom): PlannedCallType {
	const draw = random.next();
	if (draw < agent.outboundShare) return 'outbound';
	return draw < agent.outboundShare + agent.directShare ? 'directAgentAccess' : 'inbound';
}

/**
 * Seconds after midnight. Most calls come in office hours (07:00 to 20:00, which in Los Angeles lies across two UTC
 * days), and each day has one call in its first and one in its last minutes.
 */
function startSecond(index: number, random: SeededRandom): number {
	if (index === 0) return random.between(60, 600);
	if (index === 1) return SECONDS_A_DAY - random.between(60, 600);
	return random.between(7 * 3_600, 20 * 3_600);
}

interface Conversation {
	readonly contact: number;
	readonly type: PlannedCallType;
	readonly transactionId: string;
	readonly caseId: string | null;
}

function plannedCall(
	conversation: Conversation,
	agent: Agent,
	start: DateTime<true>,
	sequence: number,
	random: SeededRandom,
): PlannedCall {
	const { contact, type } = conversation;
	const durationSeconds = random.between(SHORTEST_SECONDS, LONGEST_SECONDS);
	const stop = start.plus({ seconds: durationSeconds });
	const startUtc = start.toUTC();
	const directory = `S${startUtc.toFormat('yyyyLLdd')}`;
	const fileName = `R${startUtc.toFormat('yyyyLLddHHmmss')}${String(sequence).padStart(4, '0')}.wav`;
	const path = `${directory}/${fileName}`;
	const phone = contactPhone(contact);
	const [codec, channels] = random.pick(FORMATS);
	const queued = type === 'inbound';
	return {
		recordingId: path,
		tenantDay: start.toISODate(),
		callType: type,
		callTypeLabel: LABELS[type],
		startTime: start.toISO(),
		stopTime: stop.toISO(),
		startTimeUtc: startUtc.toISO(),
		stopTimeUtc: stop.toUTC().toISO(),
		durationSeconds,
		agentName: agent.name,
		customerNumber: type === 'outbound' ? null : phone,
		calledNumber: type === 'outbound' ? phone : queued ? agent.phoneChannel : agent.extension,
		phoneChannel: agent.phoneChannel,
		customerPhone: phone,
		caseId: conversation.caseId,
		accountNumber: contact % 6 === 5 ? null : String(410 + contact * 7).padStart(6, '0'),
		transactionId: conversation.transactionId,
		queue: queued ? agent.queue : null,
		queueName: queued ? agent.queueName : null,
		externalVariable1: SEGMENTS[contact % SEGMENTS.length] ?? null,
		externalVariable2: null,
		outdialCode: type === 'outbound' ? random.pick(agent.outdialCodes) : null,
		wrapUpCode: random.pick(agent.wrapUpCodes),
		directory,
		fileName,
		path,
		recordedAtUtc: startUtc.toISO(),
		sequence,
		codec,
		channels,
	};
}

/**
 * The recordings of one tenant day, oldest first: about a tenth more recordings than calls, because a call that is
 * handed on is recorded once for each agent, under the same transaction.
 */
export function callPlan(tenantDay: DateTime<true>, calls: number, random: SeededRandom): PlannedCall[] {
	const midnight = tenantDay.startOf('day');
	const plan: PlannedCall[] = [];
	for (let index = 0; index < calls; index++) {
		const agent = random.pick(AGENTS);
		// By the wall clock, so that a day of 23 or 25 hours keeps its office hours.
		const second = startSecond(index, random);
		const start = midnight.set({
			hour: Math.floor(second / 3_600),
			minute: Math.floor(second / 60) % 60,
			second: second % 60,
		});
		const conversation: Conversation = {
			contact: random.between(0, CONTACTS - 1),
			type: callType(agent, random),
			transactionId: `${midnight.toFormat('yyLLdd')}${String(index + 1).padStart(4, '0')}`,
			caseId: random.next() < 0.6 ? String(random.between(1_000, 9_999)) : null,
		};
		const first = plannedCall(conversation, agent, start, plan.length + 1, random);
		plan.push(first);
		// Not the day's last call: its second recording would start on the next tenant day.
		if (index === 1 || random.next() >= TRANSFER_SHARE) continue;
		const handedOn = start.plus({ seconds: first.durationSeconds + TRANSFER_GAP_SECONDS });
		const colleague = random.pick(AGENTS.filter((other) => other !== agent));
		plan.push(plannedCall({ ...conversation, type: 'inbound' }, colleague, handedOn, plan.length + 1, random));
	}
	return plan.sort((a, b) => a.startTimeUtc.localeCompare(b.startTimeUtc) || a.path.localeCompare(b.path));
}
