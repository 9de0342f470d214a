/** A calendar date without a time, `yyyy-MM-dd`. */
export type CalendarDate = string;

/** Whether a text is a date that the calendar has, `yyyy-MM-dd`. */
export function isCalendarDate(text: string): boolean {
	const millis = Date.parse(`${text}T00:00:00.000Z`);
	// Date.parse lets 2016-02-31 run into March; a real date reads back as itself.
	return !Number.isNaN(millis) && new Date(millis).toISOString().slice(0, 10) === text;
}
