import type { InvocationContext } from '@azure/functions';
import { type AroundTable, TABLE_NAME } from '../../shared/store/table.ts';
import type { Send } from '../../shared/upstream/send.ts';
import type { Facts, Step, Tracing } from './tracing.ts';

/** Follows each operation of the table, in the words of OpenTelemetry for a database. */
export const tracedTable =
  (tracing: Tracing): AroundTable =>
  (operation, work) => {
    const facts = { 'db.system': 'azure_table', 'db.name': TABLE_NAME, 'db.operation': operation };
    return tracing.step({ kind: 'table', name: `table ${operation}`, facts }, work);
  };

/** Follows each request to an upstream. Of its address only the path is told: a link to a next page may be signed. */
export const tracedSend =
  (send: Send, tracing: Tracing): Send =>
  (request) => {
    const { origin, pathname } = new URL(request.url);
    const facts = { 'http.request.method': request.method, 'url.full': `${origin}${pathname}` };
    return tracing.step({ kind: 'upstream', name: `${request.method} ${pathname}`, facts }, async (note) => {
      const answer = await send(request);
      const vector = answer.headers['ms-cv'];
      note({
        'http.response.status_code': answer.status,
        ...(vector === undefined ? {} : { 'upstream MS-CV': vector }),
      });
      return answer;
    });
  };

/** An invocation of one of our functions, as a part of the trace that the platform has begun for it. */
export const invocationStep = (
  { functionName, traceContext }: Pick<InvocationContext, 'functionName' | 'traceContext'>,
  facts: Facts,
): Step => ({ kind: 'invocation', name: functionName, facts, traceParent: traceContext?.traceParent });
