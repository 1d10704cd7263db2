import { AsyncLocalStorage } from 'node:async_hooks';
import type { InvocationContext } from '@azure/functions';

/** Azure ties a log line to its invocation only where it is written through that invocation's context. */
const current = new AsyncLocalStorage<InvocationContext>();

/** Runs a handler so that what it logs, however deep, is logged as part of its invocation. */
export const inInvocation = <Result>(context: InvocationContext, handler: () => Result): Result =>
  current.run(context, handler);

/** Writes a line to the invocation that is running, or to the output where none is. */
export const writeLine = (line: string): void => {
  const context = current.getStore();
  if (context === undefined) console.log(line);
  else context.log(line);
};
