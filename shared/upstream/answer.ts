import type { z } from 'zod';
import type { Instant } from '../lease.ts';
import type { Sighting } from '../outcome.ts';
import type { ReadSession } from '../protocol/session-2021.ts';
import { SIZES } from '../protocol/vocabulary.ts';
import type { HttpAnswer } from './send.ts';

/** How the text of an answer is read. */

/** An answer, with the instants of ours between which it was made. */
export interface Answered {
  type: 'answered';
  answer: HttpAnswer;
  sentAt: Instant;
  receivedAt: Instant;
}

const MAX_TEXT_CHARACTERS = 1024;

/** What an upstream says is stored and shown, and a table property holds 32 Ki characters: it is cut to a use. */
export const shortened = (text: string | null | undefined): string | null =>
  text?.slice(0, MAX_TEXT_CHARACTERS) ?? null;

/** What JSON of that shape says; undefined for anything else. */
export const parse = <Schema extends z.ZodType>(
  schema: Schema,
  text: string,
): z.output<Schema> | undefined => {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    // Not JSON: no answer, which is what the caller is told.
    return undefined;
  }
};

/** The properties of a session as what was seen of it. */
export const sightingOf = (
  properties: ReadSession,
  { sentAt, receivedAt }: Pick<Answered, 'sentAt' | 'receivedAt'>,
): Sighting => ({
  status: properties.status,
  leaseMinutes: properties.maxLeaseTimeMinutes,
  size: SIZES.find((size) => size.toLowerCase() === properties.size?.toLowerCase()) ?? null,
  elapsedMinutes: Math.floor(properties.elapsedTimeMinutes ?? 0),
  hostname: shortened(properties.hostname),
  // An older edition sent 0 for what it did not know yet.
  ports: { handshake: properties.handshakePort || null, inspector: properties.arrInspectorPort || null },
  teraflops: properties.teraflops || null,
  errorCode: shortened(properties.error?.code),
  errorMessage: shortened(properties.error?.message),
  sentAt,
  receivedAt,
});
