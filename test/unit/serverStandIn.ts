import { vi } from 'vitest';
import { openServedStore } from './nodes/servedStore';

// Unit tests share their modules from file to file, since loading n8n's own for each took half of their time. So a module that
// stands in for another one does so for all of them, and is named here.
vi.mock('../../transport/openStore', () => ({ openStore: openServedStore }));
