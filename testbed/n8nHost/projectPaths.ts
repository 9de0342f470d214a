import { join, resolve } from 'node:path';

/** The work tree's root. */
export const PROJECT_ROOT = resolve(__dirname, '..', '..');

/** Made by programs, safe to delete, not in git: packed packages for the tests and the demo. */
export const CACHE_DIRECTORY = join(PROJECT_ROOT, '.cache');

/** The demo's state: n8n's database, the generated tenant. Not in git. */
export const DEMO_DIRECTORY = join(PROJECT_ROOT, '.demo');
