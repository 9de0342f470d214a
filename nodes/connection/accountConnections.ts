import { coordination, type Coordination } from '../../coordination/coordination';
import { NoConnection, type ConnectionRun } from '../../coordination/connectionRun';
import type { ConnectionSettings } from '../../transport/connectionSettings';
import type { ConnectionShare } from '../../transport/connectionShare';
import { TransportError } from '../../transport/transportError';
import { countLogin, refuseKnownLogin, rememberRefusedLogin } from './refusedLogin';

/** Milliseconds that a run waits for its first connection: the runs before it may download a whole day. */
const PATIENCE = 1_800_000;
/** The same where somebody waits in front of the screen. */
export const INTERACTIVE_PATIENCE = 12_000;

function durationText(milliseconds: number): string {
	const seconds = Math.round(milliseconds / 1000);
	if (seconds < 120) return seconds === 1 ? '1 second' : `${seconds} seconds`;
	return `${Math.round(seconds / 60)} minutes`;
}

function noConnectionError(error: NoConnection, settings: ConnectionSettings, patience: number): TransportError {
	const { maxConnections } = settings;
	const server = `${settings.host}:${settings.port}`;
	if (error.reason === 'aborted') {
		return new TransportError('aborted', `Stopped while waiting for a connection to ${server}`, { server });
	}
	if (error.reason === 'unreachable') {
		const howLong = error.remedy === undefined ? `for ${durationText(patience)} ` : '';
		return new TransportError(
			'busy',
			`No connection to ${server} was opened: ${howLong}n8n's Redis could not be asked whether one is free (${error.detail ?? 'no reason given'})`,
			{
				server,
				isFinal: true,
				advice:
					error.remedy ??
					'In queue mode all workers count their connections in Redis. Check that it is up, and that this worker has the QUEUE_BULL_REDIS settings of the others; then run again.',
			},
		);
	}
	const shared = maxConnections === 1 ? 'the one connection' : `${maxConnections} connections`;
	return new TransportError(
		'busy',
		`No connection to ${server} came free within ${durationText(patience)}: all runs of this account share ${shared} ('Max Connections'), and others had them`,
		{
			server,
			isFinal: true,
			advice:
				"Wait for the other runs to end, or let fewer run at the same time. Raise 'Max Connections' in the credential if the server allows this account more.",
		},
	);
}

/**
 * A run's share of the connections to its account, which all runs of this n8n have together: at most `maxConnections`.
 *
 * @param patience milliseconds to wait for the first one
 */
export function accountConnections(
	settings: ConnectionSettings,
	patience = PATIENCE,
	shared: Coordination = coordination(),
): ConnectionShare & Pick<ConnectionRun, 'beginAbsence'> {
	const run = shared.desk(settings).run(settings.maxConnections);
	return {
		first: async (signal) => {
			await refuseKnownLogin(settings, shared);
			return await run.first(patience, signal).catch(async (error: unknown) => {
				const isKnown = error instanceof NoConnection;
				return await Promise.reject(isKnown ? noConnectionError(error, settings, patience) : error);
			});
		},
		another: async (signal) => await run.another(signal),
		adopt: (lease) => run.adopt(lease),
		claimSurplus: () => run.claimSurplus(),
		whenWanted: (listener) => run.whenWanted(listener),
		isAway: () => run.kept === 0,
		loggedIn: (whenClosed) => void countLogin(settings, whenClosed),
		notOpened: async (error) => await rememberRefusedLogin(settings, shared, error),
		beginAbsence: () => run.beginAbsence(),
	};
}
