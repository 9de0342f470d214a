import { NODE_20 } from '../matrix/supportedN8n';
import { describeTriggers } from './triggerSuite';

await describeTriggers('the newest n8n on Node.js 20', NODE_20, 10);
