/** What Node's names of network failures mean, said of the server; one that is not here is left as it is. */
const WORDS: Readonly<Record<string, string>> = {
	ENOTFOUND: 'its name was not found',
	EAI_AGAIN: 'its name could not be looked up',
	EAI_FAIL: 'its name could not be looked up',
	ECONNREFUSED: 'it refused the connection',
	EHOSTUNREACH: 'there is no route to it',
	ENETUNREACH: 'there is no route to its network',
	EHOSTDOWN: 'it is down',
	ENETDOWN: 'the network of this machine is down',
	EADDRNOTAVAIL: 'this machine has no address or port left for it',
	EACCES: 'this machine does not allow the connection',
	EPERM: 'this machine does not allow the connection',
	ETIMEDOUT: 'nothing came back',
	ECONNRESET: 'it reset the connection',
	ECONNABORTED: 'the connection was broken off',
	EPIPE: 'it had closed the connection',
	ERR_STREAM_PREMATURE_CLOSE: 'it closed the connection too early',
	ERR_STREAM_DESTROYED: 'the connection was closed',
	ERR_SOCKET_CLOSED: 'the connection was closed',
};

export function networkWords(code: string): string | undefined {
	return WORDS[code];
}
