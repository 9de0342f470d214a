import { startHttpStandIn, type HttpStandIn, type ReceivedRequest, type StandInAnswer } from './httpStandIn';
import { multipartForm } from './multipartForm';
import { StepFaults } from './stepFaults';

export interface SalesforceFile {
	/** The fields of the ContentVersion. */
	readonly entity: Readonly<Record<string, unknown>>;
	readonly bytes: Buffer;
}

export interface Salesforce {
	readonly server: HttpStandIn;
	/** By id. */
	readonly tasks: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
	readonly files: readonly SalesforceFile[];
	/** `CallObject` of tasks that a validation rule refuses. */
	readonly refused: Set<unknown>;
}

export const SALESFORCE_STEPS = ['Find Task', 'Find File', 'Create Task', 'Attach Recording'];

const FIND_TASK = /^SELECT Id, CallObject FROM Task WHERE CallObject = '((?:[^'\\]|\\.)*)'$/;
const FIND_FILE =
	/^SELECT Id, Title FROM ContentVersion WHERE FirstPublishLocationId = '(\w+)' AND Title = '((?:[^'\\]|\\.)*)'$/;

const unescaped = (text: string | undefined): string => (text ?? '').replace(/\\(.)/g, '$1');
const records = (found: readonly object[]): StandInAnswer => ({
	status: 200,
	json: { totalSize: found.length, done: true, records: found },
});
const created = (id: string): StandInAnswer => ({ status: 201, json: { id, success: true, errors: [] } });

/** Salesforce's tasks and files, and the two questions that are asked of them. */
export async function startSalesforce(token: string, faults: StepFaults = new StepFaults([])): Promise<Salesforce> {
	const tasks = new Map<string, Record<string, unknown>>();
	const files: SalesforceFile[] = [];
	const refused = new Set<unknown>();

	const createTask = ({ body }: ReceivedRequest): StandInAnswer => {
		const task: Record<string, unknown> = JSON.parse(body.toString());
		if (refused.has(task['CallObject']))
			return { status: 400, json: [{ errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'Refused' }] };
		const id = `00T${tasks.size}`;
		tasks.set(id, task);
		return created(id);
	};
	const attach = async (request: ReceivedRequest): Promise<StandInAnswer> => {
		const form = await multipartForm(request);
		const entity = form.fields.get('entity_content') ?? form.files.get('entity_content')?.bytes.toString() ?? '{}';
		files.push({
			entity: JSON.parse(entity),
			bytes: form.files.get('VersionData')?.bytes ?? Buffer.alloc(0),
		});
		return created(`068${files.length}`);
	};
	const tasksOf = (callObject: string): StandInAnswer =>
		records(
			[...tasks]
				.filter(([, { CallObject }]) => CallObject === callObject)
				.map(([id, { CallObject }]) => ({ attributes: { type: 'Task' }, Id: id, CallObject })),
		);
	const filesOf = (taskId: string, title: string): StandInAnswer =>
		records(
			files
				.filter(({ entity }) => entity['FirstPublishLocationId'] === taskId && entity['Title'] === title)
				.map(({ entity }, index) => ({
					attributes: { type: 'ContentVersion' },
					Id: `068${index}`,
					Title: entity['Title'],
				})),
		);

	const server = await startHttpStandIn(async (request) => {
		if (request.headers.authorization !== `Bearer ${token}`) return { status: 401 };
		const resource = /^\/services\/data\/v[\d.]+(\/.*)$/.exec(request.path)?.[1]?.toLowerCase();
		const query = request.query.get('q') ?? '';
		const task = FIND_TASK.exec(query);
		const file = FIND_FILE.exec(query);
		switch (resource) {
			case '/query':
				if (task !== null) return await faults.at('Find Task', () => tasksOf(unescaped(task[1])));
				if (file !== null) return await faults.at('Find File', () => filesOf(file[1] ?? '', unescaped(file[2])));
				return { status: 400, json: [{ errorCode: 'MALFORMED_QUERY', message: query }] };
			case '/sobjects/task':
				return await faults.at('Create Task', () => createTask(request));
			case '/sobjects/contentversion':
				return await faults.at('Attach Recording', async () => await attach(request));
			default:
				return { status: 404 };
		}
	});
	return { server, tasks, files, refused };
}
