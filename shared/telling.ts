import type { HistoryEvent, Outcome } from './outcome.ts';
import { billedMinutes, isLapse, savedMinutes } from './reckoning.ts';
import type { EndedSession, LiveSession, SessionKey } from './session.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry.ts';
import type { ListPage } from './upstream/list-page.ts';
import type { Inconclusive, Upstream } from './upstream/upstream.ts';

/**
 * Table and upstream as they are, with everything that is changed in the one, and asked of the other, told. Only what is
 * certain to be written is told, and once, by whoever has written it.
 */

/** Looks on at a result; whoever waits for it waits no longer for that. */
const noting = <Result>(work: Promise<Result>, note: (result: Result) => void): Promise<Result> => {
  // A failure is for whoever waits.
  work.then(note, () => undefined);
  return work;
};

/** Each row of history as a change, and what is counted of it. */
export const withToldChanges = (store: Store, telemetry: Telemetry): Store => {
  const tell = ({ accountId, sessionId }: SessionKey, events: readonly HistoryEvent[]): void => {
    for (const { kind: change, because, detail } of events) {
      telemetry.report({ kind: 'change', accountId, sessionId, change, because, detail });
      if (change === 'stop' && because !== 'asked')
        telemetry.measure('leasekeeper.reaped', 1, { reason: because });
      if (change === 'held') telemetry.measure('leasekeeper.brake.held', 1, {});
    }
  };
  const tellEnd = (before: LiveSession, ended: EndedSession): void => {
    const [billed, saved] = [billedMinutes(ended), savedMinutes(ended)];
    if (billed > 0) telemetry.measure('leasekeeper.server_minutes.billed', billed, {});
    if (saved > 0) telemetry.measure('leasekeeper.server_minutes.saved', saved, {});
    if (isLapse(before, ended)) telemetry.measure('leasekeeper.lapses', 1, {});
  };

  return {
    ...store,
    insert: (session, activity, events, ...rest) =>
      noting(store.insert(session, activity, events, ...rest), (inserted) => {
        if (inserted !== undefined) tell(session, events);
      }),
    commit: (found, next, events, ...rest) =>
      noting(store.commit(found, next, events, ...rest), (committed) => {
        if (committed === undefined) return;
        tell(next, events);
        if (next.life === 'ended') tellEnd(found.session, next);
      }),
    addEvent: (session, event, ...rest) =>
      noting(store.addEvent(session, event, ...rest), (isAdded) => {
        if (isAdded) tell(session, [event]);
      }),
    forget: (session) =>
      noting(store.forget(session), (isForgotten) => {
        const { accountId, sessionId } = session;
        const forgotten = { change: 'forgotten', because: 'retention', detail: {} } as const;
        if (isForgotten) telemetry.report({ kind: 'change', accountId, sessionId, ...forgotten });
      }),
  };
};

/** Each call by what was asked and what came of it, and those that were told to wait. */
export const withToldCalls = (upstream: Upstream, telemetry: Telemetry): Upstream => {
  const told = <Result extends Outcome | ListPage | Inconclusive>(
    operation: string,
    call: Promise<Result>,
  ): Promise<Result> =>
    noting(call, (answer) => {
      telemetry.measure('leasekeeper.upstream.calls', 1, { operation, outcome: answer.type });
      if (answer.type === 'inconclusive' && answer.retryAfterMs !== null)
        telemetry.measure('leasekeeper.upstream.throttled', 1, {});
    });
  return {
    endpoint: upstream.endpoint,
    create: (sessionId, wanted, window) => told('create', upstream.create(sessionId, wanted, window)),
    observe: (sessionId, window) => told('observe', upstream.observe(sessionId, window)),
    extend: (sessionId, minutes, window) => told('extend', upstream.extend(sessionId, minutes, window)),
    stop: (sessionId, window) => told('stop', upstream.stop(sessionId, window)),
    list: (window, from) => told('list', upstream.list(window, from)),
    ping: upstream.ping,
  };
};
