import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseBooks } from '../../infra/local/session-host/books.ts';
import type { Entry } from '../../infra/local/session-host/entry.ts';
import { MINUTE_MS } from '../../shared/lease.ts';
import { keptSessionV1Schema } from '../../shared/protocol/kept.ts';
import { type Client, eventually, processesOf, type Reply } from '../stack.ts';
import type { Evidence } from './judge.ts';
import type { Story } from './story.ts';

/** What the judge is given: the books as they are in the file, the processes, and what the keeper says. */

/** Every session that there ever was at the session host. */
export const entriesOf = (dataFolder: string): Entry[] => {
  const path = join(dataFolder, 'session-host', 'books.json');
  if (!existsSync(path)) return [];
  const books = parseBooks(readFileSync(path, 'utf8'));
  if ('fault' in books) throw new Error(books.fault);
  return books.content.sessions;
};

/** The session of each process that runs, as often as there are processes. */
export const runningOf = (dataFolder: string): string[] =>
  processesOf(dataFolder).flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]));

const PATIENCE_MS = 20_000;

/** One call, again where the keeper asks for it: on a machine that is busy a table may be too slow at any time. */
export const patiently = (
  client: Client,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  eventually(
    `an answer to ${method} ${path}`,
    async () => {
      const reply = await client.send(method, path, { headers });
      return reply.status === 503 ? undefined : reply;
    },
    PATIENCE_MS,
  );

const listSchema = z.object({ sessions: z.array(z.object({ sessionId: z.string() })) });

export const listedBy = async (client: Client): Promise<Set<string>> => {
  const { status, text } = await patiently(client, 'GET', client.sessions);
  if (status !== 200) throw new Error(`the list was answered with ${status}: ${text}`);
  return new Set(listSchema.parse(JSON.parse(text)).sessions.map(({ sessionId }) => sessionId));
};

const OVER = ['Stopped', 'Expired', 'Error'];

export const gather = async (
  client: Client,
  dataFolder: string,
  stories: readonly Story[],
): Promise<Evidence> => {
  // The keeper first: what ends in between is still on its list, and what it has never heard of is not.
  const listed = await listedBy(client);
  const entries = entriesOf(dataFolder);
  const running = runningOf(dataFolder);
  const toldOver = new Set<string>();
  for (const { id, createdAt } of stories) {
    if (id === undefined || createdAt === null || entries.some((entry) => entry.id === id)) continue;
    const path = `${client.sessions}/${id}/properties`;
    const shown = await patiently(client, 'GET', path, { 'x-keeper-activity': 'none' });
    // One that the keeper does not know either is told nothing.
    if (shown.status !== 200) continue;
    const { sessionStatus, message } = keptSessionV1Schema.parse(JSON.parse(shown.text));
    if (OVER.includes(sessionStatus) && message !== null) toldOver.add(id);
  }
  return { stories, entries, running, listed, toldOver, now: Date.now() };
};

/** What the keeper did by itself, by the books. */
export interface Deeds {
  /** Extensions of kept sessions. */
  renewed: number;
  /** Sessions that were stopped because idle. */
  reaped: number;
}

export const deedsOf = (entries: readonly Entry[], stories: readonly Story[]): Deeds => {
  const storyOf = new Map(stories.map((story) => [story.mark, story]));
  const told = entries.map((entry) => ({ entry, story: storyOf.get(entry.models[0] ?? '') }));
  const kept = told.filter(({ story }) => story?.kind === 'kept');
  const isReaped = ({ entry, story }: (typeof told)[number]): boolean =>
    story?.kind === 'idle' && story.stopAskedAt === null && entry.status === 'Stopped';
  return {
    renewed: kept.reduce((sum, { entry }) => sum + entry.extensions.length, 0),
    reaped: told.filter(isReaped).length,
  };
};

/** How near to the end of its lease a kept session has come before it was extended. */
export const closestLapseMs = (entries: readonly Entry[]): number =>
  Math.min(
    ...entries.flatMap(({ readyAt, extensions }) =>
      readyAt === null ? [] : extensions.map(({ at, fromMinutes }) => readyAt + fromMinutes * MINUTE_MS - at),
    ),
  );
