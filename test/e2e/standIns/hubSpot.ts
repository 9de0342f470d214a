import { startHttpStandIn, type HttpStandIn, type ReceivedRequest, type StandInAnswer } from './httpStandIn';
import { multipartForm } from './multipartForm';
import { StepFaults } from './stepFaults';

export interface HubSpotFile {
	readonly id: string;
	readonly bytes: Buffer;
	/** JSON. */
	readonly options: string;
}

export interface HubSpotCall {
	readonly properties: Readonly<Record<string, string>>;
	readonly associations: readonly unknown[];
}

export interface HubSpot {
	readonly server: HttpStandIn;
	/** By folder and name, of which HubSpot has one each. */
	readonly files: ReadonlyMap<string, HubSpotFile>;
	readonly calls: readonly HubSpotCall[];
	/** Values that no call may have: such a call is refused. */
	readonly refused: Set<string>;
}

export const HUBSPOT_STEPS = ['Find Call', 'Upload Audio', 'Find Contact', 'Log the Call'];

interface Search {
	readonly filterGroups: readonly {
		readonly filters: readonly { readonly propertyName: string; readonly operator: string; readonly value: string }[];
	}[];
}

/** What a search finds: all filters of one of its groups hold. Only `EQ` is known here. */
function found<T>(search: Search, objects: readonly T[], valueOf: (object: T, property: string) => unknown): T[] {
	return objects.filter((object) =>
		search.filterGroups.some(({ filters }) =>
			filters.every(({ propertyName, operator, value }) => {
				if (operator !== 'EQ') throw new Error(`No operator ${operator} here`);
				return valueOf(object, propertyName) === value;
			}),
		),
	);
}

const searched = (results: readonly object[]): StandInAnswer => ({
	status: 200,
	json: { total: results.length, results },
});

/** HubSpot's files, contacts and calls, as far as logging calls goes. Contact 77 has the phone number `known`. */
export async function startHubSpot(
	token: string,
	known: string,
	faults: StepFaults = new StepFaults([]),
): Promise<HubSpot> {
	const files = new Map<string, HubSpotFile>();
	const calls: HubSpotCall[] = [];
	const refused = new Set<string>();

	const upload = async (request: ReceivedRequest): Promise<StandInAnswer> => {
		const { fields, files: sent } = await multipartForm(request);
		const path = `${fields.get('folderPath')}/${fields.get('fileName')}`;
		const options = fields.get('options') ?? '{}';
		const { overwrite }: { overwrite?: boolean } = JSON.parse(options);
		const before = files.get(path);
		if (before !== undefined && overwrite !== true) return { status: 409, json: { message: `${path} exists` } };
		const id = before?.id ?? String(1_000 + files.size);
		files.set(path, { id, options, bytes: sent.get('file')?.bytes ?? Buffer.alloc(0) });
		return { status: 201, json: { id, access: 'PRIVATE' } };
	};
	const log = ({ body }: ReceivedRequest): StandInAnswer => {
		const call: HubSpotCall = JSON.parse(body.toString());
		if (Object.values(call.properties).some((value) => refused.has(value)))
			return { status: 400, json: { message: 'Property values were not valid' } };
		calls.push(call);
		return { status: 201, json: { id: String(calls.length) } };
	};

	const server = await startHttpStandIn(async (request) => {
		if (request.headers.authorization !== `Bearer ${token}`) return { status: 401 };
		switch (`${request.method} ${request.path}`) {
			case 'POST /files/v3/files':
				return await faults.at('Upload Audio', async () => await upload(request));
			case 'POST /crm/v3/objects/contacts/search':
				return await faults.at('Find Contact', () =>
					searched(found(JSON.parse(request.body.toString()), [{ id: '77' }], () => known)),
				);
			case 'POST /crm/v3/objects/calls/search':
				return await faults.at('Find Call', () =>
					searched(found(JSON.parse(request.body.toString()), calls, ({ properties }, name) => properties[name])),
				);
			case 'POST /crm/v3/objects/calls':
				return await faults.at('Log the Call', () => log(request));
			default:
				return { status: 404 };
		}
	});
	return { server, files, calls, refused };
}
