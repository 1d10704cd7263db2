import { exampleHeartbeat } from './examples.ts';
import type { OperationSpec } from './operation.ts';

/** The heartbeat, which is the same in both generations. */
export const HEARTBEAT: Pick<OperationSpec, 'summary' | 'description' | 'answers'> = {
  summary: 'Say that a session is used',
  description:
    'For apps that use a session without reading it. The cheapest call that there is; one in every third of the idle timeout is plenty. A body is not looked at.',
  answers: [
    {
      status: 200,
      description: 'It is noted.',
      body: { schema: 'Heartbeat', examples: { Ready: exampleHeartbeat() } },
    },
  ],
};
