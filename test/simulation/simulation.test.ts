import { describe, expect, it } from 'vitest';
import { simulate } from './run.ts';
import { formatSince } from './trace.ts';
import { START } from './world.ts';

/** As many as fit into some ten seconds; `npm run simulate` runs more of them. */
const SEEDS = 10;
const HOURS = 24;

describe('the keeper, simulated', () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'keeps every invariant for a day (seed %i)',
    async (seed) => {
      const { violation, trace, chosen } = await simulate({ seed, hours: HOURS });
      const story =
        violation === undefined
          ? ''
          : `${violation.invariant} at ${formatSince(violation.at - START)}: ${violation.text}\n` +
            `faults: ${chosen.join(', ')}; replay it with npm run simulate -- --seed ${seed} --hours ${HOURS} --trace\n` +
            trace.slice(-40).join('\n');
      expect(story).toBe('');
    },
  );
});
