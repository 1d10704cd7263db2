import { describe, expect, it } from 'vitest';
import { decideStranger, type Stranger } from '../../shared/strangers.ts';
import { endedSession, minutes, sighting, T0 } from '../builders.ts';

const grace = minutes(5);
const shared = { isExclusive: false, orphanGraceMs: grace };
const exclusive = { isExclusive: true, orphanGraceMs: grace };
const unknown: Stranger = { sessionId: 'a', sighting: sighting(), ended: undefined };
const over = (listedAfterMs: number, owned = true): Stranger => ({
  sessionId: 'a',
  sighting: sighting({ sentAt: T0 + listedAfterMs }),
  ended: endedSession({ owned, endedAt: T0 }),
});

describe('a server of the upstream', () => {
  it.each([
    ['whose session is over: is stopped', over(1), shared, 0, { type: 'stop', because: 'over' }],
    [
      'whose session is over, also where the upstream is ours',
      over(1),
      exclusive,
      grace,
      { type: 'stop', because: 'over' },
    ],
    [
      'on a list that was asked for when its session ended: is left',
      over(0),
      shared,
      0,
      { type: 'none', because: 'ending' },
    ],
    [
      'on a list from before its end: is left',
      over(-1),
      exclusive,
      grace,
      { type: 'none', because: 'ending' },
    ],
    ['that was never ours: is left', over(1, false), shared, 0, { type: 'none', because: 'foreign' }],
    [
      'that was never ours: is left for good',
      over(minutes(600), false),
      exclusive,
      grace,
      { type: 'none', because: 'foreign' },
    ],
    [
      'of an upstream that others use, without a record: is left',
      unknown,
      shared,
      10 * grace,
      { type: 'none', because: 'unknown' },
    ],
    [
      'of our own upstream, without a record: waits',
      unknown,
      exclusive,
      0,
      { type: 'wait', because: 'new', until: T0 + grace },
    ],
    [
      'of our own upstream: waits to the end',
      unknown,
      exclusive,
      grace - 1,
      { type: 'wait', because: 'new', until: T0 + grace },
    ],
    [
      'of our own upstream, after the grace: is adopted',
      unknown,
      exclusive,
      grace,
      { type: 'adopt', because: 'unknown' },
    ],
  ] as const)('%s', (_, stranger, rules, knownForMs, expected) => {
    expect(decideStranger(stranger, T0, rules, T0 + knownForMs)).toEqual(expected);
  });
});
