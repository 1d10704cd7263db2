import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Client, connect, eventually, processesOf, readBooks, type TestStack } from './stack.ts';

/** What became of the sessions of a run of kills, by the session host's own books. */
export interface KillReport {
  kills: number;
  /** Creates that were answered with 202. */
  created: number;
  extended: number;
  stopped: number;
}

/** Two sweeps of 2 s, one call of 10 s, a look 10 s later, and the start of the functions host, which may be slow. */
const BOUND_MS = 60_000;
const KEPT = 3;
/** A create that is killed is confirmed gone after two minutes at most, and then with a second look. */
const SETTLED_MS = 150_000;

/**
 * Kills the functions process with SIGKILL in the middle of creates, extensions and stops, again and again, and then
 * checks the invariants: nothing lost from the table, no session with two processes, nothing running that nobody
 * wants, and no kept session cut off. `chance` gives numbers in [0, 1).
 */
export const killAgainAndAgain = async (
  test: TestStack,
  kills: number,
  chance: () => number,
): Promise<KillReport> => {
  const { keeperUrl } = test.stack;
  const client = await connect(keeperUrl);
  const kept = await Promise.all(
    Array.from({ length: KEPT }, () => client.create('{"maxLeaseTime":"0:1:0","keepAlive":true}')),
  );
  await Promise.all(kept.map((sessionId) => client.untilStatus(sessionId, 'Ready')));

  const wanted = new Set(kept);
  const unwanted = new Set<string>();
  const report: KillReport = { kills: 0, created: 0, extended: 0, stopped: 0 };
  const minutes = new Map<string, number>();

  const oneCall = async (): Promise<void> => {
    const [sessionId] = [...wanted].slice(KEPT);
    const turn = chance();
    if (sessionId === undefined || turn < 0.4) {
      const id = await client.create('{"maxLeaseTime":"1:0:0","tags":{"made":"by the kill test"}}');
      report.created += 1;
      wanted.add(id);
      minutes.set(id, 60);
    } else if (turn < 0.7) {
      const next = (minutes.get(sessionId) ?? 60) + 1;
      const body = JSON.stringify({ maxLeaseTime: `${Math.floor(next / 60)}:${next % 60}:0` });
      const { status } = await client.send('PATCH', `${client.sessions}/${sessionId}`, { body });
      if (status === 200) {
        report.extended += 1;
        minutes.set(sessionId, next);
      }
    } else {
      // From here on neither: only the answer says that it is to be gone.
      wanted.delete(sessionId);
      const { status } = await client.send('DELETE', `${client.sessions}/${sessionId}`);
      expect(status).toBe(204);
      unwanted.add(sessionId);
      report.stopped += 1;
    }
  };

  const oneRound = async (): Promise<void> => {
    let isDead = false;
    const { created } = report;
    const load = Array.from({ length: 4 }, async () => {
      while (!isDead) await oneCall().catch(ignoreCutOff);
    });
    // Not before there is something to lose, however busy the machine is.
    await eventually('two creates', () => (report.created > created + 1 ? true : undefined));
    await delay(chance() * 700);
    const pid = test.stack.pids().functions;
    if (pid === undefined) throw new Error('the functions host has no process');
    process.kill(pid, 'SIGKILL');
    isDead = true;
    report.kills += 1;
    await Promise.all(load);
    await answers(keeperUrl, pid, test);
  };

  for (let round = 0; round < kills; round += 1) await oneRound();
  await checkAll({ test, client, kept, wanted, unwanted, minutes });
  return report;
};

/** A call that was cut off by the kill, or met nobody: its outcome is unknown, as it would be to any client. */
const ignoreCutOff = async (error: unknown): Promise<void> => {
  const isCutOff = error instanceof TypeError && error.message === 'fetch failed';
  const isTerminated = error instanceof TypeError && error.message === 'terminated';
  if (!isCutOff && !isTerminated) throw error;
  await delay(20);
};

const answers = (keeperUrl: string, killed: number, test: TestStack): Promise<true> =>
  eventually('the restart of the functions host', async () => {
    if (test.stack.pids().functions === killed) return undefined;
    const answer = await fetch(`${keeperUrl}/health`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });

const checkAll = async (run: {
  test: TestStack;
  client: Client;
  kept: string[];
  wanted: ReadonlySet<string>;
  unwanted: ReadonlySet<string>;
  minutes: ReadonlyMap<string, number>;
}): Promise<void> => {
  const { test, client, kept, wanted, unwanted, minutes } = run;
  const running = (): string[] =>
    processesOf(test.dataFolder).flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId]));

  // Every session that its client wants is in the table and Ready, and has what it was granted.
  for (const sessionId of wanted) {
    const { sessionMaxLeaseTime } = await client.untilStatus(sessionId, 'Ready', BOUND_MS);
    const [hours = 0, mins = 0] = sessionMaxLeaseTime.split(':').map(Number);
    expect(hours * 60 + mins).toBeGreaterThanOrEqual(minutes.get(sessionId) ?? 0);
  }
  // Every stop that was answered has happened.
  for (const sessionId of unwanted) await client.untilStatus(sessionId, 'Stopped', BOUND_MS);
  // What runs has a live row; a create whose client was cut off has one too, and can be stopped like any other.
  const listed = await client.send('GET', client.sessions);
  const live = (JSON.parse(listed.text) as { sessions: { sessionId: string }[] }).sessions.map(
    (one) => one.sessionId,
  );
  const runs = running();
  expect(runs.filter((sessionId) => !live.includes(sessionId))).toEqual([]);
  // Never two processes for one session, then or now.
  expect(runs).toHaveLength(new Set(runs).size);
  const books = readBooks(test.dataFolder);
  expect(books.filter(({ spawned }) => spawned > 1)).toEqual([]);
  // No kept session was ever cut off.
  const keptBooks = books.filter(({ id }) => kept.includes(id));
  expect(keptBooks.map(({ status }) => status)).toEqual(kept.map(() => 'Ready'));

  for (const sessionId of live) await client.send('DELETE', `${client.sessions}/${sessionId}`);
  await eventually('the end of every process', () => (running().length === 0 ? true : undefined), SETTLED_MS);
};
