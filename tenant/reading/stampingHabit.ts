import type { FileEvidence } from './fileEvidence';
import { INDEX_DIRECTORY } from './indexFile';
import type { IndexFile } from './indexFile';
import { parseDirectoryName } from '../../recordings/remoteName';
import { addDays } from '../../recordings/tenantDay';
import type { CalendarDate } from '../../recordings/calendarDate';

/** Whether a file lists a tenant day, or the recordings of the directory it lies in. */
export type Scope = 'day' | 'directory';

/**
 * How a tenant names its index files, told by those that have calls: with the tenant day or with the next one, on which they are
 * written; and whether the copies in its day directories list a tenant day or their own directory.
 */
export class StampingHabit {
	readonly #isNextDay: { readonly central: boolean; readonly copies: boolean };

	readonly #copiesListDays: boolean;

	constructor(files: readonly FileEvidence[]) {
		const central = files.filter(({ file }) => file.directory === INDEX_DIRECTORY);
		const copies = files.filter(({ file }) => file.directory !== INDEX_DIRECTORY);
		const copiesOfDays = copies.filter(({ listsElsewhere }) => listsElsewhere);
		const ofDirectories = copies.filter(
			({ listsElsewhere, spansDays, file, directoryDate }) =>
				!listsElsewhere && spansDays && file.date === directoryDate,
		);
		this.#copiesListDays = copiesOfDays.length > 0 && ofDirectories.length === 0;
		const ofCentral = leaning(central);
		const ofCopies = leaning(copiesOfDays);
		this.#isNextDay = { central: (ofCentral || ofCopies) > 0, copies: (ofCopies || ofCentral) > 0 };
	}

	scopeOf(evidence: FileEvidence): Scope {
		const { file, directoryDate, listsElsewhere } = evidence;
		if (directoryDate === undefined || listsElsewhere || this.#copiesListDays) return 'day';
		return file.date === directoryDate ? 'directory' : 'day';
	}

	/** The tenant day that the name of a file stands for. */
	dayNamedBy(file: IndexFile): CalendarDate {
		const isNextDay = file.directory === INDEX_DIRECTORY ? this.#isNextDay.central : this.#isNextDay.copies;
		return isNextDay ? addDays(file.date, -1) : file.date;
	}

	/** The tenant day that a file's rows are about, by its name when they leave it open. */
	dayOf(evidence: FileEvidence): CalendarDate {
		const { mainDays, file } = evidence;
		const named = this.dayNamedBy(file);
		if (mainDays.length === 0 || mainDays.includes(named)) return named;
		return mainDays.reduce((latest, date) => (date > latest ? date : latest));
	}

	/** Whether a file that cannot be read may be what lists the day, or a late call of it. */
	concerns(file: IndexFile, date: CalendarDate, directories: readonly string[]): boolean {
		if (parseDirectoryName(file.directory) !== undefined && directories.includes(file.directory)) return true;
		const named = this.dayNamedBy(file);
		return named === date || addDays(named, -1) === date;
	}
}

/** Above 0 when more files are stamped with the day after their calls, below 0 when more are stamped with their day. */
function leaning(files: readonly FileEvidence[]): number {
	return files.reduce((sum, { mainDays, file }) => {
		const [day] = mainDays;
		if (day === undefined || mainDays.length > 1) return sum;
		if (file.date === day) return sum - 1;
		return file.date === addDays(day, 1) ? sum + 1 : sum;
	}, 0);
}
