import { NEWEST } from '../matrix/supportedN8n';
import { describeTriggers } from './triggerSuite';

await describeTriggers('the newest supported n8n', NEWEST, 60);
