import { describe, expect, it } from 'vitest';
import { keeperObject } from '../../shared/protocol/keeper-object.ts';
import { writeSessionV1 } from '../../shared/protocol/session-v1.ts';
import type { Desired, EndedSession, LiveSession, Observed } from '../../shared/session.ts';
import { type SessionView, shownSession } from '../../shared/view.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 2, 12, 0, 0);
const at = (minutes: number): number => NOW + minutes * MINUTE;
const PORTS = { handshake: 50_051, inspector: 50_052 };
const NO_PORTS = { handshake: null, inspector: null };
const FACTS = {
  accountId: 'aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa',
  sessionId: 'd4c1ad1c-7a4b-4c8b-9c0e-2f6a6f5f1b11',
  size: 'Premium',
  models: ['https://a.example/model'],
  tags: { team: 'blue' },
  createdAt: at(-100),
  upstream: 'https://upstream.example',
  policy: { keepAlive: true, idleTimeoutMinutes: 30, idleTimeoutExplicit: false, maxLifetimeMinutes: 480 },
  leases: { requestedMinutes: 4.5, floorMinutes: 4.5, grantedMinutes: 240 },
  requestedWishes: {},
  seq: 3,
  opId: 'op',
  dueAt: at(5),
} as const;
const live = (observed: Observed, more: Partial<LiveSession> = {}): LiveSession => ({
  ...FACTS,
  life: 'live',
  desired: { state: 'running' },
  observed,
  observedAt: null,
  creation: { maxLeaseMinutes: 10, attempts: 1, firstAttemptAt: at(-100), lastUntil: null },
  pending: null,
  missingSince: null,
  heldUntil: null,
  refused: null,
  retry: null,
  unansweredSince: null,
  acknowledgedMinutes: 4.5,
  ...more,
});
const ended = (more: Pick<EndedSession, 'status' | 'because' | 'message'>): EndedSession => ({
  ...FACTS,
  ...more,
  life: 'ended',
  errorCode: null,
  endedAt: at(-1),
  elapsedMinutes: 1500.5,
  hostname: 'vm.example',
  ports: PORTS,
  owned: true,
  unconfirmedMinutes: null,
});
const asked = (
  because: 'asked' | 'idle' | 'lifetime' | 'launch',
  message: string | null = null,
): Desired => ({
  state: 'stopped',
  because,
  at: at(-1),
  acceptedAt: null,
  repeatedAt: null,
  message,
});
const STARTING: Observed = { status: 'Starting', since: at(-3), lastSeenAt: at(-1) };
const READY: Observed = {
  status: 'Ready',
  seenAt: at(-90),
  readyAt: { early: at(-93), late: at(-91.05) },
  hostname: 'vm.example',
  ports: PORTS,
  teraflops: 8,
};
const UNGRANTED = { ...FACTS.leases, grantedMinutes: 0 };
const STARTED = {
  sessionElapsedTime: '01:31:03',
  sessionHostname: 'vm.example',
  keeper: { ports: PORTS, leaseEnd: '2026-01-02T14:27:00.000Z' },
};
const OVER = {
  sessionElapsedTime: '1.01:00:30',
  sessionHostname: 'vm.example',
  keeper: { ports: PORTS, leaseEnd: null },
};
const EMPTY = {
  sessionElapsedTime: '00:00:00',
  sessionHostname: null,
  keeper: { ports: NO_PORTS, leaseEnd: null },
};

describe('the properties of a session', () => {
  const next = { action: 'extend', at: at(140), because: 'keep-alive' } as const;
  const activity = { lastActivityAt: at(-0.5), coveredUntil: at(0.5), closed: false };
  const shown = (session: SessionView['session'], now = NOW) => ({
    ...writeSessionV1(shownSession(session, now)),
    keeper: keeperObject({ session, activity, next }),
  });

  it('have exactly these names and forms', () => {
    expect(shown(live(READY))).toStrictEqual({
      message: null,
      sessionElapsedTime: '01:31:03',
      sessionHostname: 'vm.example',
      sessionId: FACTS.sessionId,
      sessionMaxLeaseTime: '04:00:00',
      sessionSize: 'Premium',
      sessionStatus: 'Ready',
      keeper: {
        keepAlive: true,
        idleTimeoutMinutes: 30,
        maxLifetimeMinutes: 480,
        lastActivityAt: '2026-01-02T11:59:30.000Z',
        leaseEnd: '2026-01-02T14:27:00.000Z',
        ports: PORTS,
        tags: { team: 'blue' },
        next: { action: 'extend', at: '2026-01-02T14:20:00.000Z', because: 'keep-alive' },
      },
    });
  });

  it.each<[string, SessionView['session'], string, string | null, object]>([
    ['asked for', live({ status: 'Requested' }, { leases: UNGRANTED }), 'Starting', null, EMPTY],
    ['starting', live(STARTING), 'Starting', null, EMPTY],
    ['ready', live(READY), 'Ready', null, STARTED],
    [
      'stopped before it was confirmed',
      live({ status: 'Requested' }, { desired: asked('asked') }),
      'Stopping',
      null,
      EMPTY,
    ],
    ['being stopped while starting', live(STARTING, { desired: asked('asked') }), 'Stopping', null, EMPTY],
    ['being stopped', live(READY, { desired: asked('asked') }), 'Stopping', null, STARTED],
    ['idle', live(READY, { desired: asked('idle', 'No use.') }), 'Stopping', 'No use.', STARTED],
    ['past its lifetime', live(READY, { desired: asked('lifetime') }), 'Stopping', null, STARTED],
    ['not launched', live(STARTING, { desired: asked('launch', 'No room.') }), 'Error', 'No room.', EMPTY],
    ['stopped', ended({ status: 'Stopped', because: 'asked', message: null }), 'Stopped', null, OVER],
    [
      'expired',
      ended({ status: 'Expired', because: 'expired', message: 'Its time.' }),
      'Expired',
      'Its time.',
      OVER,
    ],
    [
      'failed',
      ended({ status: 'Error', because: 'failed', message: 'It broke.' }),
      'Error',
      'It broke.',
      OVER,
    ],
  ])('of one that is %s', (_what, session, sessionStatus, message, expected) => {
    expect(shown(session)).toMatchObject({ sessionId: FACTS.sessionId, sessionStatus, message, ...expected });
  });

  it.each([
    [
      'what is being asked for, before any answer',
      live({ status: 'Requested' }, { leases: UNGRANTED }),
      '00:10:00',
    ],
    [
      "the client's new words, before any answer",
      live({ status: 'Requested' }, { leases: { ...UNGRANTED, floorMinutes: 60.5 } }),
      '01:01:00',
    ],
    ['what was granted, from then on', live(STARTING), '04:00:00'],
    ['a whole day', live(READY, { leases: { ...FACTS.leases, grantedMinutes: 1440 } }), '1.00:00:00'],
    [
      'what was granted, after the end',
      ended({ status: 'Stopped', because: 'asked', message: null }),
      '04:00:00',
    ],
  ])('say as the lease %s', (_what, session, lease) => {
    expect(shown(session).sessionMaxLeaseTime).toBe(lease);
  });

  it('tell how an ended session ended, and no others do', () => {
    const properties = shown(ended({ status: 'Stopped', because: 'idle', message: null }));
    expect(properties.keeper).toMatchObject({
      ended: { at: '2026-01-02T11:59:00.000Z', because: 'idle', message: null },
    });
    expect(shown(live(READY)).keeper).not.toHaveProperty('ended');
  });

  it.each([
    [-200, '00:00:00'],
    [-91.05, '00:00:00'],
    [-91.05 + 0.999 / 60, '00:00:00'],
    [-91.05 + 1 / 60, '00:00:01'],
    [1440 - 91.05, '1.00:00:00'],
  ])('count the time that has passed for certain: %d min from now', (minutes, elapsed) => {
    expect(shown(live(READY), Math.round(at(minutes))).sessionElapsedTime).toBe(elapsed);
  });
});
