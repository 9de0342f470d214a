import { startHttpStandIn, type HttpStandIn, type StandInAnswer } from './httpStandIn';

interface Message {
	readonly role: string;
	readonly content: unknown;
}

interface Tool {
	readonly function: { readonly name: string; readonly description: string; readonly parameters: unknown };
}

interface CompletionRequest {
	readonly model: string;
	readonly messages: readonly Message[];
	readonly tools?: readonly Tool[];
	readonly stream?: boolean;
}

/** What the model was asked in one request. */
export interface ModelTurn {
	readonly system: string;
	readonly question: string;
	readonly tools: readonly Tool['function'][];
	/** What the tool gave, once it was called. */
	readonly toolResult: string | undefined;
}

export interface ChatModel {
	readonly server: HttpStandIn;
	readonly turns: readonly ModelTurn[];
}

const textOf = (message: Message | undefined): string =>
	typeof message?.content === 'string' ? message.content : JSON.stringify(message?.content ?? '');

function completion(model: string, message: object, finish: string): StandInAnswer {
	return {
		status: 200,
		json: {
			id: 'chatcmpl-1',
			object: 'chat.completion',
			created: 1,
			model,
			choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish, logprobs: null }],
			usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
		},
	};
}

/**
 * A model behind OpenAI's chat completions: it calls its only tool with what `callWith` makes of the question, and answers
 * with what `answerFrom` makes of the tool's result.
 */
export async function startChatModel(
	apiKey: string,
	callWith: (turn: ModelTurn) => Readonly<Record<string, unknown>>,
	answerFrom: (toolResult: string) => string,
): Promise<ChatModel> {
	const turns: ModelTurn[] = [];
	const server = await startHttpStandIn(({ path, headers, body }) => {
		if (headers.authorization !== `Bearer ${apiKey}`) return { status: 401, json: { error: { message: 'Wrong key' } } };
		if (path !== '/v1/chat/completions') return { status: 404, json: { error: { message: `No ${path} here` } } };
		const { model, messages, tools = [], stream }: CompletionRequest = JSON.parse(body.toString());
		if (stream === true) return { status: 400, json: { error: { message: 'This model does not stream' } } };
		const last = messages.at(-1);
		const turn: ModelTurn = {
			system: textOf(messages.find(({ role }) => role === 'system')),
			question: textOf(messages.findLast(({ role }) => role === 'user')),
			tools: tools.map((tool) => tool.function),
			toolResult: last?.role === 'tool' ? textOf(last) : undefined,
		};
		turns.push(turn);
		if (turn.toolResult !== undefined) return completion(model, { content: answerFrom(turn.toolResult) }, 'stop');
		const [tool] = turn.tools;
		if (tool === undefined) return completion(model, { content: 'I was given no tool.' }, 'stop');
		const call = { name: tool.name, arguments: JSON.stringify(callWith(turn)) };
		return completion(
			model,
			{ content: null, tool_calls: [{ id: 'call_1', type: 'function', function: call }] },
			'tool_calls',
		);
	});
	return { server, turns };
}
