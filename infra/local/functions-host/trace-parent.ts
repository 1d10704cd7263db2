import { randomBytes } from 'node:crypto';

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00. */
const TRACE_PARENT = /^00-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-([\da-f]{2})$/;

/** A step of its own for an invocation, in the trace that the caller names, or in a new one. */
export const traceParentOf = (given: string | undefined): string => {
  const [, traceId = randomBytes(16).toString('hex'), flags = '01'] = TRACE_PARENT.exec(given ?? '') ?? [];
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
};
