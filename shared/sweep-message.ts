import * as z from 'zod';
import type { Keeper } from './keeper.ts';
import { faultOf, type Telemetry } from './telemetry.ts';

/** What a message of the sweep queue says. */
export interface SweepMessage {
  accountId: string;
}

const messageSchema = z.object({ accountId: z.string() });

/**
 * Does what a message of the queue asks for: one sweep of one account. Messages may come late, twice or both at once; a
 * sweep does not mind. One that is not ours, or whose account is no longer configured, is reported and is done with:
 * repeating it would not help.
 */
export const sweepFor = async (
  message: unknown,
  keepers: ReadonlyMap<string, Pick<Keeper, 'sweep'>>,
  telemetry: Pick<Telemetry, 'report'>,
): Promise<void> => {
  const parsed = messageSchema.safeParse(message);
  const keeper = parsed.success ? keepers.get(parsed.data.accountId) : undefined;
  if (keeper === undefined) {
    const error = parsed.success ? 'the account is not configured' : 'the message is not readable';
    telemetry.report(faultOf('sweep message', error));
    return;
  }
  await keeper.sweep();
};
