import { TransportError } from './transportError';

export function isNotFound(error: unknown): error is TransportError {
	return error instanceof TransportError && error.code === 'not-found';
}

/** `undefined` for a directory or file that is not on the server; any other failure passes through. */
export async function ifThere<Result>(answer: Promise<Result>): Promise<Result | undefined> {
	return await answer.catch((error: unknown) => {
		if (isNotFound(error)) return undefined;
		throw error;
	});
}
