import type { Mp3Plan } from './mp3Plan';
import type { SampleLayout } from './pcmSamples';

/** What a conversion tells its worker. Each conversion of a worker has a number of its own. */
export type ToWorker =
	| {
			readonly id: number;
			readonly kind: 'begin';
			readonly layout: SampleLayout;
			readonly plan: Mp3Plan;
			readonly sampleRate: number;
	  }
	| { readonly id: number; readonly kind: 'sound'; readonly bytes: Uint8Array }
	| { readonly id: number; readonly kind: 'end' }
	/** It was stopped: nothing more comes, and nothing more is wanted. */
	| { readonly id: number; readonly kind: 'stop' };

/** What a worker answers: MP3 for each piece of sound and for its end, or why there is none. */
export type FromWorker =
	| { readonly id: number; readonly kind: 'mp3'; readonly bytes: Uint8Array; readonly isLast: boolean }
	| { readonly id: number; readonly kind: 'failed'; readonly reason: string };
