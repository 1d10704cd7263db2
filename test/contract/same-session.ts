import { expect } from 'vitest';
import type { Session2021 } from '../../shared/protocol/session-2021.ts';
import type { SessionV1 } from '../../shared/protocol/session-v1.ts';

/** Whether both generations say the same of one session, asked one right after the other. */
export const expectSame = (about: string, old: SessionV1, session: Session2021): void => {
  const { id, status, size, maxLeaseTimeMinutes, elapsedTimeMinutes, hostname, error } = session;
  expect(old, about).toMatchObject({ sessionId: id, sessionStatus: status, sessionSize: size });
  expect(minutesOf(old.sessionMaxLeaseTime), about).toBe(maxLeaseTimeMinutes);
  // A minute may have passed between the two.
  expect(Math.abs(Math.floor(minutesOf(old.sessionElapsedTime)) - elapsedTimeMinutes), about).toBeLessThan(2);
  if (status === 'Ready') expect(old.sessionHostname, about).toBe(hostname);
  if (error !== undefined) expect(old.message, about).toBe(error.message);
};

const minutesOf = (span: string): number => {
  const [, days = '0', hours = '', minutes = '', seconds = ''] =
    /^(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)$/.exec(span) ?? [];
  return Number(days) * 1440 + Number(hours) * 60 + Number(minutes) + Number(seconds) / 60;
};
