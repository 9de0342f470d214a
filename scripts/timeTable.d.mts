export interface PartTime {
	readonly title: string;
	readonly seconds: number;
	readonly files?: ReadonlyArray<{ readonly name: string; readonly seconds: number }>;
}

export function timeTable(parts: readonly PartTime[]): string[];
export function clock(seconds: number): string;
