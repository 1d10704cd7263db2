import { randomUUID } from 'node:crypto';
import { type Clock, createCheckedClock } from '../shared/clock.ts';
import { diagnose } from '../shared/doctor/diagnosis.ts';
import { ConfigError, KeeperError } from '../shared/errors.ts';
import { longestTickMs } from '../shared/ncrontab.ts';
import { accessOf, openTable, TABLE_NAME } from '../shared/store/table.ts';
import { send } from '../shared/upstream/send.ts';
import { createUpstream } from '../shared/upstream/upstream.ts';
import { jsonOf } from './doctor/json.ts';
import { pageOf } from './doctor/page.ts';
import { readRequest, UsageError } from './doctor/settings.ts';

/** `npm run doctor -- --account <id>`: what table and upstream say, and what the next sweep will do about it. */

/** For scripts: nothing is wrong, something differs, or it cannot be told. */
const STATUS = { well: 0, different: 1, unknown: 2 } as const;

/** The SDK of the table asks for the same one. */
const STORAGE_SCOPE = 'https://storage.azure.com/.default';

const ownClock: Clock = {
  now: () => Date.now(),
  abortAt: (at) => AbortSignal.timeout(Math.max(0, at - Date.now())),
};

const run = async (): Promise<number> => {
  const { account, config, isForced, isJson } = readRequest(process.argv.slice(2), process.env);
  const clock = createCheckedClock(ownClock, () => undefined);
  const access = accessOf(config.storage);
  // Whoever is signed in here is found out by asking other programs, which takes longer than an operation of the table.
  if ('credential' in access) await access.credential.getToken(STORAGE_SCOPE);
  const table = openTable(access, TABLE_NAME, { asks: clock.asks, isMade: false });
  const { accountId, policy: defaults, rules } = account;
  const upstream = createUpstream(account.upstream, clock, send);
  const diagnosis = await diagnose(
    { accountId, table, upstream, defaults, rules, clock, newId: randomUUID },
    { tickMs: longestTickMs(config.sweepSchedule), isForced },
  );
  const clockState = { aheadMs: clock.aheadMs(), isTrusted: clock.isTrusted() };
  console.log(isJson ? jsonOf(diagnosis, clockState) : pageOf(diagnosis, clockState));
  if (!diagnosis.isWhole) return STATUS.unknown;
  return diagnosis.differences > 0 ? STATUS.different : STATUS.well;
};

try {
  process.exitCode = await run();
} catch (error) {
  const isForPeople =
    error instanceof UsageError ||
    error instanceof ConfigError ||
    error instanceof KeeperError ||
    error instanceof RangeError;
  // A cause may quote an address with a signature in it; what is told here never does.
  const text =
    error instanceof Error ? `${isForPeople ? '' : `${error.name}: `}${error.message}` : 'it failed';
  console.error(`The doctor could not tell: ${text}`);
  process.exitCode = STATUS.unknown;
}
