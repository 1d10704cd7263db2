import { randomUUID } from 'node:crypto';
import type { CallName } from './app.ts';
import type { Floors } from './floors.ts';
import type { Contest } from './rounds.ts';

/** Which call is held against which bare operations, and how near to them it should come. */
export interface Match {
  name: string;
  call: CallName;
  /** What the floor does, in words. */
  floor: string;
  bare: keyof Floors;
  /** Whose sessions both sides take: those of which a use is noted already, any other ones, or such as are not there yet. */
  session: 'covered' | 'uncovered' | 'new';
  goal?: { most: number };
  /** What takes several requests takes longer: there is less of it in a round. */
  isLong: boolean;
}

const CREATE: Omit<Match, 'name' | 'call'> = {
  ...{ floor: 'two transactions and one upstream call', bare: 'create', session: 'new' },
  ...{ goal: { most: 1.3 }, isLong: true },
};

export const MATCHES: readonly Match[] = [
  {
    ...{ name: 'heartbeat, covered already', call: 'heartbeat', session: 'covered', isLong: false },
    ...{ floor: 'a point read', bare: 'pointRead', goal: { most: 1.25 } },
  },
  {
    ...{ name: 'heartbeat that writes', call: 'heartbeat', session: 'uncovered', isLong: false },
    ...{ floor: 'a point read and an update', bare: 'readAndUpdate', goal: { most: 1.25 } },
  },
  {
    ...{ name: 'properties', call: 'properties', session: 'covered', isLong: false },
    ...{ floor: 'two point reads side by side', bare: 'twoPointReads', goal: { most: 1.25 } },
  },
  { name: 'create', call: 'createV1', ...CREATE },
  { name: 'create, with an id of the client’s', call: 'create', ...CREATE },
  {
    ...{ name: 'stop', call: 'stop', session: 'uncovered', isLong: true },
    ...{ floor: 'two point reads, two transactions and one upstream call', bare: 'stop' },
  },
];

/** Where so many sessions are there, and no others. */
export const listOf = (tracked: number): Match => ({
  ...{ name: `list of ${tracked} sessions`, call: 'list', session: 'covered', isLong: true },
  ...{ floor: 'one range query of the records', bare: 'records' },
});

/** Sessions that are there already, one after another. */
export interface Ids {
  covered(): string;
  /** One that nobody has used yet. */
  uncovered(): string;
}

export const contestOf = (
  { call, bare, session }: Match,
  prepare: (name: CallName, id: string) => () => Promise<unknown>,
  floors: Floors,
  ids: Ids,
): Contest => {
  const next = session === 'new' ? randomUUID : ids[session];
  return {
    ours: () => prepare(call, next()),
    floor() {
      const id = next();
      return () => floors[bare](id);
    },
  };
};
