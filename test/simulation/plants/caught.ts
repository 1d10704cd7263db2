import { readFileSync, writeFileSync } from 'node:fs';
import type { Instant } from '../../../shared/lease.ts';
import type { Invariant } from '../violation.ts';

/**
 * Which seed catches which planted bug first. It holds for the simulation and the product as they are: where they
 * change, `npm run simulate -- --find-plants` writes it anew.
 */
export interface Caught {
  seed: number;
  invariant: Invariant;
  /** Of simulated time, until it was caught. */
  minutes: Instant;
}

const TABLE = new URL('caught.json', import.meta.url);

export const readCaught = (): Readonly<Record<string, Caught>> => JSON.parse(readFileSync(TABLE, 'utf8'));

export const writeCaught = (caught: Readonly<Record<string, Caught>>): void =>
  writeFileSync(TABLE, `${JSON.stringify(caught, null, 2)}\n`);
