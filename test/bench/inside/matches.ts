import { randomUUID } from 'node:crypto';
import type { Goal } from '../figures.ts';
import type { CallName } from './app.ts';
import type { Floors } from './floors.ts';
import type { Contest } from './rounds.ts';

/** Which call is held against which bare operations, and how near to them it should come. */

export interface Match {
  name: string;
  /** What the floor does, in words. */
  floor: string;
  goal?: Goal;
  /** How much of it there is in a round: what takes several requests takes longer. */
  isLong: boolean;
  /** Whether each piece of work takes a session that was not used lately. */
  isFresh: boolean;
  contest(ids: Ids): Contest;
}

/** Sessions that nobody has used yet, one after another. */
export interface Ids {
  covered(): string;
  uncovered(): string;
}

/** `tracked` sessions are there for the list. */
export const matchesOf = (
  prepare: (name: CallName, id: string) => () => Promise<unknown>,
  floors: Floors,
  tracked: number,
): Match[] => [
  {
    name: 'heartbeat, covered already',
    floor: 'a point read',
    goal: { most: 1.25 },
    isLong: false,
    isFresh: false,
    contest: ({ covered }) => ({
      ours: () => prepare('heartbeat', covered()),
      floor: () => bound(floors.pointRead, covered()),
    }),
  },
  {
    name: 'heartbeat that writes',
    floor: 'a point read and an update',
    goal: { most: 1.25 },
    isLong: false,
    isFresh: true,
    contest: ({ uncovered }) => ({
      ours: () => prepare('heartbeat', uncovered()),
      floor: () => bound(floors.readAndUpdate, uncovered()),
    }),
  },
  {
    name: 'properties',
    floor: 'two point reads side by side',
    goal: { most: 1.25 },
    isLong: false,
    isFresh: false,
    contest: ({ covered }) => ({
      ours: () => prepare('properties', covered()),
      floor: () => bound(floors.twoPointReads, covered()),
    }),
  },
  {
    name: 'create',
    floor: 'two transactions and one upstream call',
    goal: { most: 1.3 },
    isLong: true,
    isFresh: false,
    contest: () => ({
      ours: () => prepare('createV1', ''),
      floor: () => bound(floors.create, randomUUID()),
    }),
  },
  {
    name: 'create, with an id of the client’s',
    floor: 'two transactions and one upstream call',
    goal: { most: 1.3 },
    isLong: true,
    isFresh: false,
    contest: () => ({
      ours: () => prepare('create', randomUUID()),
      floor: () => bound(floors.create, randomUUID()),
    }),
  },
  {
    name: 'stop',
    floor: 'two point reads, two transactions and one upstream call',
    isLong: true,
    isFresh: true,
    contest: ({ uncovered }) => ({
      ours: () => prepare('stop', uncovered()),
      floor: () => bound(floors.stop, uncovered()),
    }),
  },
  {
    name: `list of ${tracked} sessions`,
    floor: 'one range query of the records',
    isLong: true,
    isFresh: false,
    contest: ({ covered }) => ({
      ours: () => prepare('list', covered()),
      floor: () => () => floors.records(),
    }),
  },
];

const bound = (work: (sessionId: string) => Promise<unknown>, sessionId: string) => (): Promise<unknown> =>
  work(sessionId);
