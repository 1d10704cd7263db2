/**
 * The metrics of the keeper, by name: what they count, in which unit, and with which dimensions. What sends them, the
 * alerts, the workbook and the runbook all use these names; a test holds them together.
 */

export interface Metric {
  /** counter: so many since the last report; gauge: as it is now; histogram: how the values were spread. */
  kind: 'counter' | 'gauge' | 'histogram';
  /** The words of OpenTelemetry: `ms`, `min`, or what is counted in braces. */
  unit: string;
  description: string;
  dimensions: readonly string[];
}

export const METRICS = {
  'leasekeeper.sessions': {
    kind: 'gauge',
    unit: '{session}',
    description: 'Living sessions of an account, as counted once each KEEPER_OBSERVE_INTERVAL.',
    dimensions: ['account', 'status'],
  },
  'leasekeeper.extensions': {
    kind: 'counter',
    unit: '{extension}',
    description: 'Leases that the upstream was asked to extend.',
    dimensions: ['outcome'],
  },
  'leasekeeper.reaped': {
    kind: 'counter',
    unit: '{session}',
    description: 'Sessions that were stopped although no client asked for it.',
    dimensions: ['reason'],
  },
  'leasekeeper.lapses': {
    kind: 'counter',
    unit: '{session}',
    description: 'Kept sessions in use whose lease ended before its cap: somebody was cut off.',
    dimensions: [],
  },
  'leasekeeper.orphans': {
    kind: 'counter',
    unit: '{server}',
    description: 'Servers at an upstream that no record knows.',
    dimensions: [],
  },
  'leasekeeper.strays': {
    kind: 'counter',
    unit: '{server}',
    description: 'Servers that run although their session is over.',
    dimensions: [],
  },
  'leasekeeper.rows.faulty': {
    kind: 'counter',
    unit: '{row}',
    description: 'Looks at a row that cannot be read or breaks a rule.',
    dimensions: [],
  },
  'leasekeeper.brake.held': {
    kind: 'counter',
    unit: '{session}',
    description: 'Sessions that the brake holds because many would be stopped without anybody asking.',
    dimensions: [],
  },
  'leasekeeper.stops.unconfirmed': {
    kind: 'gauge',
    unit: '{session}',
    description:
      'Sessions of an account whose stop has not been confirmed for ten minutes, as a sweep came to them.',
    dimensions: ['account'],
  },
  'leasekeeper.sweep.duration': {
    kind: 'histogram',
    unit: 'ms',
    description: 'How long the sweep of one account took.',
    dimensions: [],
  },
  'leasekeeper.sweep.lag': {
    kind: 'histogram',
    unit: 'ms',
    description: 'How late a sweep came to the session that was due first.',
    dimensions: [],
  },
  'leasekeeper.sweep.due': {
    kind: 'gauge',
    unit: '{session}',
    description:
      'Sessions of an account that were due when a sweep began, as far as it reads ahead (64, or 1,000 with a call gap).',
    dimensions: ['account'],
  },
  'leasekeeper.upstream.calls': {
    kind: 'counter',
    unit: '{call}',
    description: 'Calls to the upstreams.',
    dimensions: ['operation', 'outcome'],
  },
  'leasekeeper.upstream.throttled': {
    kind: 'counter',
    unit: '{call}',
    description: 'Calls that an upstream answered with 429, or with Retry-After.',
    dimensions: [],
  },
  'leasekeeper.server_minutes.billed': {
    kind: 'counter',
    unit: 'min',
    description: 'Minutes from Ready to the end of sessions that are over, up to their lease.',
    dimensions: [],
  },
  'leasekeeper.server_minutes.saved': {
    kind: 'counter',
    unit: 'min',
    description:
      'Minutes of lease that were left when a server was stopped without anybody asking, idle or past its lifetime: it would have run for as long at least.',
    dimensions: [],
  },
} as const satisfies Readonly<Record<`leasekeeper.${string}`, Metric>>;

export type MetricName = keyof typeof METRICS;

/** A value for each dimension of the metric. */
export type Dimensions<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]['dimensions'][number], string>
>;
