import type { Instant } from '../../shared/lease.ts';
import { type EndedSession, STARTING_OBSERVE_MS } from '../../shared/session.ts';
import { readEnded, rowKeys } from '../../shared/store/rows.ts';
import type { SessionView } from '../../shared/view.ts';
import { RULES } from './bounds.ts';
import type { PointClient } from './crash-points-client.ts';
import type { Point } from './crash-points-probe.ts';
import { FOREIGN_ID, type Stage } from './crash-points-stage.ts';
import { ACCOUNT_ID } from './keeper-parts.ts';
import { isLiving } from './upstream-books.ts';

/** Scenes that the stories have in common. */

/** The client's server is Ready, and the keeper has not looked since. */
export const becomeReady = async (
  { world, books, other, done, passWhile, passUntil }: Stage,
  client: PointClient,
) => {
  await done(client.create(other.keeper));
  await passWhile(() => books.find(client.id)?.status !== 'Ready');
  await passUntil(world.now() + STARTING_OBSERVE_MS);
};

/** The same, and the keeper knows. */
export const beReady = async (stage: Stage, client: PointClient): Promise<SessionView> => {
  await becomeReady(stage, client);
  return stage.done(client.look(stage.other.keeper));
};

/** When all Ready sessions are looked at next, by one list of the account. */
export const nextLookAt = ({ world }: Stage): Instant =>
  (Math.floor(world.now() / RULES.observeIntervalMs) + 1) * RULES.observeIntervalMs;

/** The same time without a sweep, where one would find nothing to do. */
export const restUntil = async ({ rows, tick, passUntil }: Stage, at: Instant): Promise<void> => {
  const early = rows.keys(ACCOUNT_ID).find((key) => key > 'due:' && key < rowKeys.due(at - EARLY_MS, ''));
  if (early !== undefined) throw new Error(`${early} comes first`);
  tick(undefined);
  await passUntil(at + EARLY_MS);
};

/** A sweep each minute until shortly before the instant, and none that reaches it. */
export const sweepUntil = async (stage: Stage, at: Instant): Promise<void> => {
  stage.tick(stage.world.now());
  await stage.passUntil(at - EARLY_MS);
  stage.tick(undefined);
  await stage.passUntil(at + EARLY_MS);
};
/** More than clocks differ. */
const EARLY_MS = 2_000;

/** The process that is asked for a server ends before its call leaves, or before it hears the answer. */
export const beginCreate = async (stage: Stage, client: PointClient, when: Point['when']): Promise<void> => {
  const falls = (point: Point): boolean => point.when === when && point.what.startsWith('PUT ');
  const first = stage.start('first', { blow: 'crash', falls });
  client.create(first.keeper);
  await stage.passWhile(() => first.process.isAlive());
};

/** The same, and its call is on its way for some seconds more. */
export const beginLateCreate = async (stage: Stage, client: PointClient): Promise<void> => {
  const { faults } = stage;
  const falls = (point: Point): boolean => {
    if (point.when === 'before' && point.what.startsWith('PUT ')) faults.turn('upstream-late', true);
    return false;
  };
  const first = stage.start('first', { blow: 'crash', falls });
  client.create(first.keeper);
  await stage.passWhile(() => !faults.isOn('upstream-late'));
  faults.turn('upstream-late', false);
  first.process.end('its call is under way');
};

export const endedRecord = ({ rows }: Stage, { id }: PointClient): EndedSession | undefined => {
  const row = rows.get(ACCOUNT_ID, rowKeys.ended(id));
  return row === undefined ? undefined : readEnded(ACCOUNT_ID, row);
};

/** Its client has asked for a stop, and it is recorded as Stopped. */
export const beOver = async (stage: Stage, client: PointClient): Promise<void> => {
  await beReady(stage, client);
  await stage.done(client.stop(stage.other.keeper));
  stage.tick(stage.world.now() + 10_000);
  await stage.passWhile(() => endedRecord(stage, client) === undefined);
  stage.tick(undefined);
};

/** Judgements. False: as it should be. */

export const runs = ({ books }: Stage, { id }: PointClient): string | false => {
  const server = books.find(id);
  const isGood = server !== undefined && isLiving(server) && server.stoppingSince === null;
  return !isGood && `${id} does not run`;
};

export const hasStopped = ({ books }: Stage, { id }: PointClient): string | false =>
  books.find(id)?.status !== 'Stopped' && `${id} is ${books.find(id)?.status}, and not Stopped`;

/** At once there may be no server yet; but none is left alone. */
export const runsNot = (stage: Stage, client: PointClient): string | false =>
  runs(stage, client) === false && `${client.id} runs`;

export const hasLease = ({ books }: Stage, { id }: PointClient, minutes: number): string | false =>
  (books.find(id)?.leaseMinutes ?? 0) < minutes && `${id} has not got ${minutes} min`;

export const isRecordedAs = (stage: Stage, client: PointClient, wanted: string): string | false => {
  const status = endedRecord(stage, client)?.status ?? 'living';
  return status !== wanted && `${client.id} is recorded as ${status}, and not as ${wanted}`;
};

export const isForeignUntouched = ({ books }: Stage, id = FOREIGN_ID): string | false => {
  const server = books.find(id);
  return (server === undefined || !isLiving(server) || server.stoppingSince !== null) && `${id} was touched`;
};
