import { NEWEST_DURABLE } from '../matrix/supportedN8n';
import { describeTriggers } from './triggerSuite';

await describeTriggers('the newest supported n8n with its durable scheduler', NEWEST_DURABLE, 60);
