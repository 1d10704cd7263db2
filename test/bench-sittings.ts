import { MINUTE_MS } from '../shared/lease.ts';
import type { Sitting, Stretch } from './bench/month/month.ts';
import { START } from './simulation/world.ts';

/** A sitting with use between these minutes after the start of the world. */
export const sittingOf = (
  id: string,
  [first, ...others]: readonly [Use, ...Use[]],
  overrides: Partial<Sitting> = {},
): Sitting => {
  const stretches: [Stretch, ...Stretch[]] = [stretchOf(first), ...others.map(stretchOf)];
  const openUntil = stretches.at(-1)?.to ?? START;
  return { id, user: 1, kind: 'work', stretches, ends: 'stopped', openUntil, ...overrides };
};

type Use = readonly [fromMinutes: number, toMinutes: number];

const stretchOf = ([from, to]: Use): Stretch => ({
  from: START + from * MINUTE_MS,
  to: START + to * MINUTE_MS,
  client: 'open',
});
