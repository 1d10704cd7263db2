import { expect, it } from 'vitest';
import {
  cleanUpAfterEach,
  newDataFolder,
  processesOf,
  readBooks,
  startHost,
  untilGone,
} from './session-host-process.ts';

cleanUpAfterEach();

const STANDARD = { maxLeaseTimeMinutes: 4, size: 'Standard' };
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `session-${letter}`);

// The crash comes after that many answers, so it meets creates in every stage: asked for, booked, started.
it.runIf(process.platform === 'linux').each([0, 1, 2, 3, 4])(
  'a crash amid creates, after %i answers, leaves one process for each session at most',
  async (answersBeforeCrash) => {
    const data = newDataFolder();
    const before = await startHost(data);
    await before.token();
    let answers = 0;
    let crash = (): void => undefined;
    const crashed = new Promise<void>((resolve) => {
      crash = () => {
        before.child.kill('SIGKILL');
        resolve();
      };
    });
    const replies = IDS.map((id) =>
      before.call('PUT', `/${id}`, STANDARD).then(
        ({ body }) => {
          answers += 1;
          if (answers === answersBeforeCrash) crash();
          return body.status;
        },
        () => 'no answer',
      ),
    );
    if (answersBeforeCrash === 0) crash();
    await crashed;
    const told = await Promise.all(replies);
    await before.exited;

    const after = await startHost(data);
    for (const [index, id] of IDS.entries()) {
      const repeated = await after.call('PUT', `/${id}`, STANDARD);
      const isRunning = ['Starting', 'Ready'].includes(repeated.body.status ?? '');
      expect(processesOf(data, id), id).toHaveLength(isRunning ? 1 : 0);
      expect(readBooks(data).sessions.find((entry) => entry.id === id)?.spawned).toBe(isRunning ? 1 : 0);
      // Whoever was told of a session still has it.
      if (told[index] === 'Starting') expect([repeated.status, isRunning]).toEqual([200, true]);
      await after.call('POST', `/${id}/:stop`);
    }
    for (const id of IDS) await untilGone(data, id);
  },
);
