import { OLDEST } from '../matrix/supportedN8n';
import { describeTriggers } from './triggerSuite';

await describeTriggers('the oldest supported n8n', OLDEST, 60);
