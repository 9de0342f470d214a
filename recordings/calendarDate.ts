/** A calendar date without a time, `yyyy-MM-dd`. */
export type CalendarDate = string;

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Whether a text is a date that the calendar has, `yyyy-MM-dd`. */
export function isCalendarDate(text: string): boolean {
	const [, year, month, day] = (DATE.exec(text) ?? []).map(Number);
	if (year === undefined || month === undefined || day === undefined) return false;
	return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** Day 0 of a month is the last one of the month before it. Years repeat after 400, and those below 100 mean others to Date. */
function daysIn(year: number, month: number): number {
	return new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate();
}
