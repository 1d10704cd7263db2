import type { Plant } from './plant.ts';

/** Bugs in what is decided, and in the arithmetic behind it. */
export const DECIDE_PLANTS: readonly Plant[] = [
  {
    name: 'relative-extension',
    what: 'An extension is added to the lease, not to the time that has passed.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/lease.ts',
        find: 'lease.elapsedMinutes + Math.ceil(lease.extensionMinutes)',
        replace: 'lease.grantedMinutes + Math.ceil(lease.extensionMinutes)',
      },
    ],
  },
  {
    name: 'lease-beyond-lifetime',
    what: 'The keeper extends beyond the lifetime that the client has set.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/lease.ts',
        find: 'Math.min(wanted, extensionCapMinutes(lease.maxLifetimeMinutes))',
        replace: 'Math.min(wanted, extensionCapMinutes(null))',
      },
      {
        file: 'shared/decide.ts',
        find: 'const cap = extensionCapMinutes(policy.maxLifetimeMinutes);',
        replace: 'const cap = extensionCapMinutes(null);',
      },
    ],
  },
  {
    name: 'cap-again',
    what: 'At the cap of the service the keeper asks for the same total again and again.',
    breaks: ['call'],
    edits: [
      {
        file: 'shared/lease.ts',
        find: 'target > lease.grantedMinutes ? target : undefined',
        replace: 'target > 0 ? target : undefined',
      },
      {
        file: 'shared/decide.ts',
        find: 'isReached = leases.grantedMinutes >= cap || isAllRefused',
        replace: 'isReached = leases.grantedMinutes > cap && isAllRefused',
      },
    ],
  },
  {
    name: 'refusal-repeated',
    what: 'What the upstream refused is asked for again, unchanged.',
    breaks: ['call'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: ' || wanted === refused?.maxLeaseMinutes) return [];',
        replace: ' || wanted < (refused?.maxLeaseMinutes ?? 0)) return [];',
      },
    ],
  },
  {
    name: 'renewed-late',
    what: 'A lease is renewed by the latest instant at which it may end.',
    breaks: ['K'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'end.early - rules.renewMarginMinutes * MINUTE_MS',
        replace: 'end.late - rules.renewMarginMinutes * MINUTE_MS',
      },
    ],
  },
  {
    name: 'lifetime-early',
    what: 'A lifetime is counted from the earliest instant at which the server may have become Ready.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'observed.readyAt.late + policy.maxLifetimeMinutes',
        replace: 'observed.readyAt.early + policy.maxLifetimeMinutes',
      },
    ],
  },
  {
    name: 'lifetime-ignored',
    what: 'No session is stopped for its lifetime.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'if (policy.maxLifetimeMinutes !== null) {',
        replace: 'if (policy.maxLifetimeMinutes === -1) {',
      },
    ],
  },
  {
    name: 'keep-alive-ignored',
    what: 'No lease is renewed.',
    breaks: ['K'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'policy.keepAlive && isHeeded && !isCapped(session)',
        replace: 'policy.keepAlive && isHeeded && isCapped(session)',
      },
    ],
  },
  {
    name: 'launch-without-end',
    what: 'A server that nobody has heard of is asked for without an end.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: ': firstAttemptAt + launchTimeoutMs',
        replace: ': firstAttemptAt + 100 * launchTimeoutMs',
      },
    ],
  },
  {
    name: 'launch-unsent',
    what: 'A create that only waits for its turn is given up as if it had been sent.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'createdAt + UNSENT_LAUNCH_TIMEOUTS * launchTimeoutMs',
        replace: 'createdAt + launchTimeoutMs',
      },
    ],
  },
  {
    name: 'starting-without-end',
    what: 'A server may be Starting for ever.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'lastSeenAt < giveUpAt ? []',
        replace: 'lastSeenAt > 0 ? []',
      },
    ],
  },
  {
    name: 'idle-while-starting',
    what: 'A server is stopped as idle while it is still Starting.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/decide.ts',
        find: 'return startingSteps(session, observed);',
        replace: `return [
        {
          action: 'stop',
          at: activity.coveredUntil + (session.policy.idleTimeoutMinutes ?? 1e6) * MINUTE_MS,
          because: 'idle',
        },
        ...startingSteps(session, observed),
      ];`,
      },
    ],
  },
  {
    name: 'idle-before-ready',
    what: 'Idleness counts from the last use, also where that was before the server was Ready.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/session.ts',
        find: 'Math.max(activity.coveredUntil, readySeenAt, graceFrom)',
        replace: 'Math.max(activity.coveredUntil, graceFrom)',
      },
    ],
  },
  {
    name: 'idle-from-note',
    what: 'Idleness counts from the last use that was written down, not from the end of what it covers.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/session.ts',
        find: 'Math.max(activity.coveredUntil, readySeenAt, graceFrom)',
        replace: 'Math.max(activity.lastActivityAt, readySeenAt, graceFrom)',
      },
    ],
  },
  {
    name: 'idle-unarmed',
    what: 'A session whose client never calls again, and never named a timeout, is stopped as idle.',
    breaks: ['W'],
    edits: [
      {
        file: 'shared/session.ts',
        find: 'if (!facts.idleArmed && activity.lastActivityAt < readySeenAt + ARMING_MS) return null;',
        replace: '',
      },
    ],
  },
  {
    name: 'cap-beyond-life',
    what: 'A kept session is extended an hour beyond its longest life.',
    breaks: ['L'],
    edits: [
      {
        file: 'shared/lease.ts',
        find: 'Math.ceil(maxLifetimeMinutes ?? Number.POSITIVE_INFINITY)',
        replace: 'Math.ceil((maxLifetimeMinutes ?? Number.POSITIVE_INFINITY) + 60)',
      },
    ],
  },
];
