/** How a server wants its data connections and listings. Learnt by one connection, true for all of an account. */
export class ServerHabits {
	/** EPSV is of no use there, but PASV is. */
	needsPasv = false;
	/**
	 * It resets a data connection on which TLS begins before it has a command for it: pyftpdlib 1.5.7 reads what comes on an idle
	 * one and, as it expects nothing, closes it. There TLS begins with the answer to the command, a round trip later.
	 */
	needsCommandFirst = false;
	/** Commands for a listing that it does not know or takes for something else. */
	readonly uselessLists = new Set<string>();
}
