import { expect, it } from 'vitest';
import { NEW_GATE } from '../../shared/gate.ts';
import { createGateway } from '../../shared/gateway.ts';
import type { Entry } from '../../shared/telemetry.ts';
import { ACCOUNT_ID, accountRules, T0 } from '../builders.ts';

it('a change of the gate that is always too late is reported, and left out', async () => {
  const reports: Entry[] = [];
  let tried = 0;
  const store = {
    readGate: async () => ({ ...NEW_GATE, etag: 'etag' }),
    changeGate: async () => {
      tried += 1;
      return undefined;
    },
  };
  const gateway = createGateway(ACCOUNT_ID, {
    store,
    clock: { now: () => T0, abortAt: () => AbortSignal.abort() },
    rules: accountRules,
    telemetry: { report: (entry) => void reports.push(entry) },
  });
  expect(await gateway.change((gate) => ({ ...gate, keptCount: 7 }))).toMatchObject({ keptCount: 0 });
  expect(tried).toBe(8);
  expect(reports).toMatchObject([{ kind: 'fault', accountId: ACCOUNT_ID, what: 'gate' }]);
});
