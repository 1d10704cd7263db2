import { describe, expect, it } from 'vitest';
import {
  ExtensionRefusedError,
  LeaseNotLargerError,
  LeaseTooLongError,
  SessionOverError,
} from '../../shared/errors.ts';
import { checkBody } from '../../shared/protocol/body.ts';
import { createKeptSchema, updateKeptSchema } from '../../shared/protocol/kept.ts';
import {
  createBodySchema,
  isListed,
  leaseError2021,
  sessionSchema,
  writeSession,
} from '../../shared/protocol/session-2021.ts';
import { checkSessionId } from '../../shared/protocol/vocabulary.ts';
import type { Session } from '../../shared/session.ts';
import { shownSession } from '../../shared/view.ts';
import {
  endedSession,
  liveSession,
  minutes,
  ready,
  requestedSession,
  seconds,
  starting,
  stopped,
  T0,
} from '../builders.ts';

const NOW = T0 + minutes(7) + seconds(40);
const shown = (session: Session) => writeSession(shownSession(session, NOW));

const FACTS = {
  id: 'a-session',
  creationTime: '2026-01-02T03:02:00.0000000+00:00',
  elapsedTimeMinutes: 0,
  maxLeaseTimeMinutes: 60,
  size: 'Standard',
};
const SERVER = {
  arrInspectorPort: 50_052,
  handshakePort: 50_051,
  hostname: 'host.example.org',
  teraflops: 8,
};

describe('the properties of a session in the second generation', () => {
  it.each<[string, Session, object]>([
    ['asked for', requestedSession({ createdAt: T0 - minutes(2) }), { status: 'Starting' }],
    ['starting', liveSession({ observed: starting(T0) }), { status: 'Starting' }],
    ['ready', liveSession(), { status: 'Ready', elapsedTimeMinutes: 7, ...SERVER }],
    [
      'ready on a server that tells less of itself',
      liveSession({
        observed: {
          ...ready(T0),
          hostname: '',
          ports: { handshake: null, inspector: null },
          teraflops: null,
        },
      }),
      { status: 'Ready', elapsedTimeMinutes: 7 },
    ],
    [
      'being stopped: its server is there until that is confirmed',
      liveSession({ desired: stopped('asked') }),
      { status: 'Ready', elapsedTimeMinutes: 7, ...SERVER },
    ],
    [
      'being stopped while it starts',
      liveSession({ observed: starting(T0), desired: stopped('asked') }),
      { status: 'Starting' },
    ],
    [
      'not launched',
      liveSession({ observed: starting(T0), desired: { ...stopped('launch'), message: 'Too late.' } }),
      { status: 'Error', error: { code: 'LaunchFailed', message: 'Too late.' } },
    ],
    ['stopped', endedSession(), { status: 'Stopped', elapsedTimeMinutes: 12 }],
    [
      'expired',
      endedSession({ status: 'Expired', because: 'expired', message: 'Its time.' }),
      { status: 'Expired', elapsedTimeMinutes: 12 },
    ],
    [
      'failed, with a name of the upstream for it',
      endedSession({ status: 'Error', because: 'failed', message: 'All taken.', errorCode: 'NoCapacity' }),
      { status: 'Error', elapsedTimeMinutes: 12, error: { code: 'NoCapacity', message: 'All taken.' } },
    ],
    [
      'gone',
      endedSession({ status: 'Error', because: 'gone', message: 'It is gone.' }),
      {
        status: 'Error',
        elapsedTimeMinutes: 12,
        error: { code: 'ServerDisappeared', message: 'It is gone.' },
      },
    ],
  ])('of one that is %s', (_, session, expected) => {
    expect(shown(session)).toStrictEqual({ ...FACTS, ...expected });
    expect(sessionSchema.parse(shown(session))).toStrictEqual(shown(session));
  });

  it.each<[Session, boolean]>([
    [requestedSession(), true],
    [liveSession(), true],
    [liveSession({ desired: stopped('asked') }), true],
    [liveSession({ observed: starting(T0), desired: stopped('launch') }), false],
    [endedSession(), false],
  ])('are listed only while it is Starting or Ready (%#)', (session, listed) => {
    expect(isListed(shownSession(session, NOW))).toBe(listed);
  });
});

const LEASE = { maxLeaseTimeMinutes: 4 };
const CREATE = { ...LEASE, size: 'Standard' };

describe('the body of a create', () => {
  it.each([0, 1, 1440, -0])('takes a lease of %d minutes', (maxLeaseTimeMinutes) => {
    expect(checkBody(createBodySchema, { ...CREATE, maxLeaseTimeMinutes })).toEqual({
      maxLeaseTimeMinutes: Math.abs(maxLeaseTimeMinutes),
      size: 'Standard',
      models: [],
    });
  });

  it.each(['standard', 'PREMIUM', 'Premium'])('takes the size %s', (size) => {
    const checked = checkBody(createBodySchema, { ...CREATE, size });
    expect(checked.size.toLowerCase()).toBe(size.toLowerCase());
  });

  it('ignores what it does not know', () => {
    const body = { ...CREATE, accountId: 'x', partitionKey: 'x', etag: '*', id: 'x' };
    expect(checkBody(createKeptSchema, body)).toEqual({ ...CREATE, models: [] });
  });

  it('names every field at fault', () => {
    expect(() => checkBody(createKeptSchema, { maxLeaseTimeMinutes: -1, keepAlive: 'yes' })).toThrow(
      expect.objectContaining({
        message: 'The maxLeaseTimeMinutes value cannot be negative.',
        target: 'maxLeaseTimeMinutes',
        faults: [
          { target: 'maxLeaseTimeMinutes', message: 'The maxLeaseTimeMinutes value cannot be negative.' },
          { target: 'size', message: 'size: must be "Standard" or "Premium"' },
          { target: 'keepAlive', message: 'keepAlive: must be true or false' },
        ],
      }),
    );
  });

  it('tells of a long list of faults only the first', () => {
    const tags = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`t${index}`, index]));
    expect(() => checkBody(createKeptSchema, { ...CREATE, tags })).toThrow(
      expect.objectContaining({ faults: expect.objectContaining({ length: 16 }) }),
    );
  });
});

describe.each([
  ['a create', createKeptSchema],
  ['an update', updateKeptSchema],
])('the lease of %s', (_, schema) => {
  it.each([
    [-1, 'The maxLeaseTimeMinutes value cannot be negative.'],
    [-0.5, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    [1441, 'maxLeaseTimeMinutes: must be at most 1440'],
    [1e21, 'maxLeaseTimeMinutes: must be at most 1440'],
    [1.5, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    ['4', 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    [null, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    [true, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    [Number.NaN, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
    [Number.POSITIVE_INFINITY, 'maxLeaseTimeMinutes: must be a whole number of minutes'],
  ])('is refused as %j', (maxLeaseTimeMinutes, message) => {
    expect(() => checkBody(schema, { ...CREATE, maxLeaseTimeMinutes })).toThrow(
      expect.objectContaining({ status: 400, target: 'maxLeaseTimeMinutes', message }),
    );
  });
});

describe('the body of an update', () => {
  it.each([{}, { lease: 4 }, { size: 'Standard' }])('says something: %j does not', (body) => {
    expect(() => checkBody(updateKeptSchema, body)).toThrow('maxLeaseTimeMinutes: is missing');
  });

  it.each([LEASE, { keepAlive: true }, { idleTimeoutMinutes: null }])('may be %j', (body) => {
    expect(checkBody(updateKeptSchema, body)).toEqual(body);
  });
});

describe('what is wrong with a lease', () => {
  it.each([
    [new LeaseNotLargerError(4), 422, 'InvalidLease', 'larger than the current one, 4.'],
    [new LeaseTooLongError(4, 1439), 422, 'InvalidLease', 'below 1440'],
    [new ExtensionRefusedError('It refuses.'), 422, 'InvalidLease', 'It refuses.'],
    [new SessionOverError('It is over.'), 422, 'SessionNotRunning', 'It is over.'],
  ])('is a 422 (%#)', (error, status, code, words) => {
    expect(leaseError2021(error)).toMatchObject({ status, code, message: expect.stringContaining(words) });
  });

  it('leaves other errors as they are', () => {
    const error = new Error('other');
    expect(leaseError2021(error)).toBe(error);
  });
});

describe('the id of a session', () => {
  it.each(['a', 'A-b_9', 'x'.repeat(256), 'create'])('may be %s', (id) => {
    expect(checkSessionId(id)).toBe(id);
  });

  it.each(['', 'x'.repeat(257), 'a b', 'a/b', 'ä', 'a.b', ':stop'])('cannot be %j', (id) => {
    expect(() => checkSessionId(id)).toThrow(expect.objectContaining({ status: 400, target: 'sessionId' }));
  });
});
