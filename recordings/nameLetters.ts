/**
 * What is equal for two spellings of one name: capitals or not, and letters with accents in one piece or two, as macOS writes them. An
 * index and its server may spell a recording differently.
 */
export function lettersOf(name: string): string {
	return name.normalize('NFC').toLowerCase();
}
