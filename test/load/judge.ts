import { type Entry, isLiving } from '../../infra/local/session-host/entry.ts';
import { type Instant, MINUTE_MS } from '../../shared/lease.ts';
import type { Story } from './story.ts';
import { coverMs, RENEW_MARGIN_MS } from './terms.ts';

/**
 * The invariants of DESIGN §3, judged by the session host's own books and by the processes that run: what really
 * happened, whatever the keeper believes. Pure.
 */

export type Charge =
  /** L: nobody wants it, and it runs. */
  | 'leak'
  /** L: extended after the stop was promised. */
  | 'extended after its stop'
  /** K: a kept session's lease ended, or is about to. */
  | 'lapse'
  /** 1: two servers of one create. */
  | 'duplicate'
  /** W: stopped, and nobody asked for it. */
  | 'wrong stop'
  /** What was answered yes did not happen. */
  | 'lost create'
  | 'lost extension';

export interface Finding {
  charge: Charge;
  text: string;
}

export interface Evidence {
  stories: readonly Story[];
  /** The books. */
  entries: readonly Entry[];
  /** The session of each process that runs. */
  running: readonly string[];
  /** Sessions that the keeper lists: what runs and is not among them is found by nobody any more. */
  listed: ReadonlySet<string>;
  /** Sessions of which the keeper says that they are over, and why. */
  toldOver: ReadonlySet<string>;
  now: Instant;
}

/** The window of a call that was committed before the stop, and the way to the upstream: DESIGN §4.2. */
const UNDER_WAY_MS = 12_000;

/** A session is given to be renewed within the bound; what is left after it, with room for a slow machine. */
const LEAST_LEFT_MS = RENEW_MARGIN_MS * 0.9;

export const judge = (evidence: Evidence): Finding[] => [
  ...evidence.stories.flatMap((story) => ofStory(story, evidence)),
  ...ofProcesses(evidence),
];

const ofStory = (story: Story, { entries, toldOver, now }: Evidence): Finding[] => {
  const own = entries.filter(({ models }) => models.includes(story.mark));
  const findings: Finding[] = [];
  const charge = (kind: Charge, text: string): void => {
    findings.push({ charge: kind, text: `${story.kind} ${story.id ?? story.mark}: ${text}` });
  };
  if (own.length > 1) charge('duplicate', `its create made ${own.map(({ id }) => id).join(' and ')}`);
  for (const { spawned } of own) if (spawned > 1) charge('duplicate', `${spawned} processes`);
  const [entry] = own;
  if (entry === undefined) {
    const isOwed = story.createdAt !== null && story.stopAskedAt === null && !toldOver.has(story.id ?? '');
    if (isOwed) charge('lost create', 'it was answered yes, and nothing came of it');
    return findings;
  }
  // One that was granted before there was a server is asked for when there is one, unless a stop comes first.
  if (entry.maxLeaseMinutes < story.minutes && story.stopAskedAt === null)
    charge('lost extension', `${story.minutes} min were answered yes, and it has ${entry.maxLeaseMinutes}`);
  const late = entry.extensions.find(({ at }) => at > (story.stoppedAt ?? at) + UNDER_WAY_MS);
  if (late !== undefined) charge('extended after its stop', `to ${late.toMinutes} min`);
  const since = unwantedSince(story, entry);
  if (isLiving(entry) && since !== null && since <= now)
    charge('leak', `${entry.status}, unwanted for ${seconds(now - since)}`);
  const wrong = wrongEnd(story, entry);
  if (wrong !== undefined) charge(entry.status === 'Expired' ? 'lapse' : 'wrong stop', wrong);
  if (story.kind === 'kept' && entry.status === 'Ready') {
    const leftMs = entry.readyAt + entry.maxLeaseMinutes * MINUTE_MS - now;
    if (leftMs < LEAST_LEFT_MS) charge('lapse', `only ${seconds(leftMs)} of its lease are left`);
  }
  return findings;
};

/** Since when nobody wants this server, as far as it is known; null while somebody may. */
export const unwantedSince = (story: Story, entry: Entry): Instant | null => {
  if (story.stoppedAt !== null) return story.stoppedAt;
  if (story.kind !== 'idle' || entry.readyAt === null) return null;
  const { idleTimeoutMs } = story;
  return Math.max(entry.readyAt, story.mayBeUsedAt ?? 0) + coverMs(idleTimeoutMs) + idleTimeoutMs;
};

/** Why this end is one that nobody asked for; undefined where it is none, or is as it should be. */
const wrongEnd = (story: Story, entry: Entry): string | undefined => {
  if (isLiving(entry) || story.stopAskedAt !== null) return undefined;
  if (entry.status !== 'Stopped') return `${entry.status}: ${entry.error?.message}`;
  if (story.kind !== 'idle' || entry.readyAt === null) return 'stopped, and nobody asked for it';
  const usedAt = Math.max(entry.readyAt, story.usedAt ?? 0);
  const early = usedAt + story.idleTimeoutMs - entry.endedAt;
  return early > 0 ? `stopped as idle ${seconds(early)} too early` : undefined;
};

/** What runs is in the books, is known to the keeper, and is there once. */
const ofProcesses = ({ entries, running, listed }: Evidence): Finding[] =>
  running.flatMap((sessionId, index): Finding[] => {
    if (running.indexOf(sessionId) !== index)
      return [{ charge: 'duplicate', text: `${sessionId}: two processes at a time` }];
    const entry = entries.find(({ id }) => id === sessionId);
    if (!isLiving(entry)) return [{ charge: 'leak', text: `${sessionId}: runs, and is not in the books` }];
    const isFound = listed.has(sessionId) || entry.ending !== null;
    return isFound ? [] : [{ charge: 'leak', text: `${sessionId}: runs, and the keeper does not list it` }];
  });

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
