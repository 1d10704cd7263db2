import type { Plant } from './plant.ts';

/** Bugs in what holds for a whole account: the gate, the brake, the grace, clocks, strangers, versions. */
export const ACCOUNT_PLANTS: readonly Plant[] = [
  {
    name: 'gate-ignored',
    what: 'Calls leave whatever the gate says.',
    breaks: ['R'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'return nextCallAt <= now || nextCallAt > latest + CLOCKS_DIFFER_MS ? now : Math.min(nextCallAt, latest);',
        replace: 'return nextCallAt === latest ? now : now;',
      },
    ],
  },
  {
    name: 'slot-kept-free',
    what: 'A call takes no slot: the next one leaves beside it.',
    breaks: ['R'],
    edits: [
      {
        file: 'shared/gateway.ts',
        find: 'rules.callGapMs === 0 ? undefined : {',
        replace: 'rules.callGapMs >= 0 ? undefined : {',
      },
    ],
  },
  {
    name: 'looks-for-free',
    what: 'Looks at single sessions do not count as calls.',
    breaks: ['R'],
    edits: [
      {
        file: 'shared/reconcile.ts',
        find: 'rules.callGapMs > 0 ? await gateway.pass() : clock.now() + START_WINDOW_MS;',
        replace: 'rules.callGapMs < 0 ? await gateway.pass() : clock.now() + START_WINDOW_MS;',
      },
    ],
  },
  {
    name: 'retry-after-unheard',
    what: 'That the upstream told to wait is not told to the other instances.',
    breaks: ['R', 'L', 'K'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'const isNews = until > opensAt(gate, now);',
        replace: 'const isNews = retryAfterMs < 0;',
      },
    ],
  },
  {
    name: 'looks-before-all',
    what: 'Clients that look at a session take a call for it whenever one may leave, and wait for it.',
    breaks: ['K', 'V', 'L'],
    edits: [
      {
        file: 'shared/keeper.ts',
        find: 'isSpareOnly: rules.callGapMs > 0',
        replace: 'isSpareOnly: rules.callGapMs < 0',
      },
    ],
  },
  {
    name: 'stops-before-all',
    what: 'A stop that the upstream has accepted is repeated, and looked after, before everything else.',
    breaks: ['V', 'K', 'L', 'error'],
    edits: [
      { file: 'shared/urgency.ts', find: 'if (isStopAccepted(session)) return 7;', replace: '' },
      {
        file: 'shared/urgency.ts',
        find: 'isOverdue(session, order) && !isStopAccepted(session) ? 3 : 8;',
        replace: 'isStopAccepted(session) ? 1 : isOverdue(session, order) ? 3 : 8;',
      },
      {
        file: 'shared/session.ts',
        find: '[30_000, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS]',
        replace: '[10_000]',
      },
      { file: 'shared/session.ts', find: '[5_000, 10_000, 20_000, 40_000, 60_000]', replace: '[5_000]' },
    ],
  },
  {
    name: 'sweeper-for-ever',
    what: 'A sweeper that has died keeps the sweep for itself.',
    breaks: ['L', 'K', 'V'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'sweeper !== null && sweeper.id !== id && sweeper.until > now && sweeper.until <= now + 2 * SWEEPER_MS;',
        replace: 'sweeper !== null && sweeper.id !== id && now > 0;',
      },
      {
        file: 'shared/gate.ts',
        find: '(since !== undefined && since + SWEEP_TURN_MS <= now);',
        replace: 'since === 0;',
      },
    ],
  },
  {
    name: 'no-brake',
    what: 'However many sessions are about to be stopped without anybody asking, all of them are.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'unaskedLately(gate, now) >= Math.max(',
        replace: 'unaskedLately(gate, now) < -Math.max(',
      },
    ],
  },
  {
    name: 'held-for-ever',
    what: 'The brake holds a session again and again.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'heldUntil === null || heldUntil < now - HOLD_SPENT_MS;',
        replace: 'heldUntil === null || heldUntil < now + HOLD_SPENT_MS;',
      },
    ],
  },
  {
    name: 'no-grace',
    what: 'Sessions are idle because the keeper was away.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/gate.ts',
        find: 'isAway(gate, { awayMs }, now) ? now : gate.graceFrom;',
        replace: 'now < awayMs ? now : gate.graceFrom;',
      },
    ],
  },
  {
    name: 'no-short-grace',
    what: 'Sessions are idle because the keeper was away for most of their idle timeout, though not for five minutes.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/absence.ts',
        find: 'timeoutMs < SHARE * lengthMs;',
        replace: 'timeoutMs < 0 * lengthMs;',
      },
    ],
  },
  {
    name: 'short-grace-for-all',
    what: 'However short the keeper was away, everybody’s idleness counts anew.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/absence.ts',
        find: 'timeoutMs < SHARE * lengthMs;',
        replace: 'timeoutMs > 0 * lengthMs;',
      },
    ],
  },
  {
    name: 'clock-trusted',
    what: 'A clock that is minutes off is believed.',
    breaks: ['W', 'K', 'L', 'call', 'V', 'R'],
    edits: [
      {
        file: 'shared/clock.ts',
        find: 'aheadMs = correctionFrom(aheadMs, known);',
        replace: 'aheadMs = 0;',
      },
    ],
  },
  {
    name: 'clock-nearly-right',
    what: 'A clock is corrected only where it is more than half a minute off.',
    breaks: ['W', 'K', 'L', 'call', 'V', 'R'],
    edits: [
      {
        file: 'shared/clock.ts',
        find: 'const corrected = own.now() - aheadMs;',
        replace: 'const corrected = own.now() - (Math.abs(aheadMs) < DISTRUSTED_MS ? 0 : aheadMs);',
      },
    ],
  },
  {
    name: 'sleep-is-difference',
    what: 'What a machine sleeps between a question and its reply counts as its clock’s being ahead.',
    breaks: ['W', 'K', 'L', 'call', 'V', 'R'],
    edits: [
      {
        file: 'shared/clock-difference.ts',
        find: 'const least = askedAt - tableTime - ROUNDED_MS - driftMs(askedAt, heardAt);',
        replace: 'const least = heardAt - tableTime - ROUNDED_MS;',
      },
    ],
  },
  {
    name: 'strays-left',
    what: 'A server that runs on although its session is over is nobody’s business.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/strangers.ts',
        find: "{ type: 'stop', because: 'over' };",
        replace: "{ type: 'none', because: 'ending' };",
      },
    ],
  },
  {
    name: 'strays-of-others',
    what: 'A server under the id of a session that is over is stopped, whoever’s it is.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/strangers.ts',
        find: '!ended.owned || !mayBeItsServer(sighting, ended)',
        replace: 'sighting.sentAt < 0 && mayBeItsServer(sighting, ended)',
      },
    ],
  },
  {
    name: 'orphans-left',
    what: 'A server that nobody knows of is never taken over.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/strangers.ts',
        find: "return until <= now ? { type: 'adopt',",
        replace: "return until < 0 ? { type: 'adopt',",
      },
    ],
  },
  {
    name: 'orphans-of-others',
    what: 'A server that nobody knows of is taken over, although others use the upstream as well.',
    breaks: ['V', 'W'],
    edits: [
      {
        file: 'shared/strangers.ts',
        find: 'if (!isExclusive) return',
        replace: 'if (now < 0) return',
      },
    ],
  },
  {
    name: 'unheard-stopped',
    what: 'The server of a create that nobody answered is stopped without a look whose it is.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/evolve.ts',
        find: 'sighting.leaseMinutes === creation.maxLeaseMinutes &&',
        replace: 'creation.attempts > 0 ||',
      },
    ],
  },
  {
    name: 'newer-column-dropped',
    what: 'An older version drops the columns of a newer one when a session ends.',
    breaks: ['rows'],
    edits: [
      {
        file: 'shared/store/commit.ts',
        find: 'columns: { ...found.unknown, ...writeSession(next) },',
        replace: 'columns: writeSession(next),',
      },
    ],
  },
  {
    name: 'newer-field-dropped',
    what: 'An older version drops the fields of a newer one when a client changes its wishes.',
    breaks: ['rows'],
    edits: [{ file: 'shared/wishes.ts', find: '  ...policy,\n  keepAlive:', replace: '  keepAlive:' }],
  },
  {
    name: 'list-wait-unheard',
    what: 'A list that is answered with a Retry-After is a reason to wait for nobody.',
    breaks: ['R'],
    edits: [
      {
        file: 'shared/census.ts',
        find: 'if (page.retryAfterMs !== null) await gateway.holdBack(page.retryAfterMs);',
        replace: '',
      },
    ],
  },
  {
    name: 'gone-uncounted',
    what: 'Servers that disappear do not count for the brake.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/reconcile.ts',
        find: '? commitEvolved(found, next, events, now, { from: gate, next: withUnaskedStop(gate, now) })',
        replace: '? commitEvolved(found, next, events, now)',
      },
    ],
  },
];
