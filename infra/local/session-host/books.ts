import * as z from 'zod';
import { type Entry, entrySchema, isLiving, keyOf, type LivingEntry, SESSION_OPERATIONS } from './entry.ts';
import { isForgotten } from './rules.ts';

const OPERATIONS = [...SESSION_OPERATIONS, 'list', 'token', 'throttled'] as const;
/** What is counted for the whole host; `throttled` are the calls that were answered with 429. */
export type Operation = (typeof OPERATIONS)[number];

const headSchema = z.strictObject({
  format: z.literal(1),
  calls: z.record(z.enum(OPERATIONS), z.number().int().min(0)),
});
const booksSchema = headSchema.extend({ sessions: z.array(entrySchema) });
export type BooksContent = z.output<typeof booksSchema>;

/** The text of a books file as its content; a fault is a text that says where the file is wrong. */
export const parseBooks = (text: string): { content: BooksContent } | { fault: string } => {
  try {
    const result = booksSchema.safeParse(JSON.parse(text));
    if (result.success) return { content: result.data };
    const issue = result.error.issues[0];
    return { fault: `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not valid'}` };
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: `not JSON: ${error.message}` };
    throw error;
  }
};

export const formatBooks = ({ sessions, ...head }: BooksContent): string => {
  const text = JSON.stringify({ ...z.encode(headSchema, head), sessions: [] }, undefined, 2);
  const entries = sessions.map(formatEntry);
  return `${entries.length === 0 ? text : text.replace(/\[\]\n}$/, () => `[${entries.join()}\n  ]\n}`)}\n`;
};

/** The books are written whole with each entry, of which only one has changed: the text of the others is kept. */
const formatEntry = (entry: Entry): string => {
  const known = entryTexts.get(entry);
  if (known !== undefined) return known;
  const text = `\n${JSON.stringify(z.encode(entrySchema, entry), undefined, 2)}`.replaceAll('\n', '\n    ');
  entryTexts.set(entry, text);
  return text;
};
/** Entries are never changed, only replaced. */
const entryTexts = new WeakMap<Entry, string>();

/** Books in which nothing has happened yet. */
export const emptyBooks = (): BooksContent => ({
  format: 1,
  calls: { create: 0, get: 0, update: 0, stop: 0, list: 0, token: 0, throttled: 0 },
  sessions: [],
});

export interface Books {
  find(accountId: string, id: string): Entry | undefined;
  living(): LivingEntry[];
  /**
   * Books an intent: it is in the file when this returns, so the effect may follow. Where the file cannot be
   * written, nothing is booked and this throws.
   */
  intend(entry: Entry): void;
  /** Books what has happened already, in one write: it holds even if the file cannot be written now. */
  record(...changed: Entry[]): void;
  /** Counts a call, for the session too where one is named; written with the next entry or flush. */
  count(operation: Operation, accountId?: string, id?: string): void;
  /** Leaves out sessions that ended longer ago than they can be asked for. */
  forgetOld(now: number): void;
  /** Writes what is not written yet. */
  flush(): void;
}

/** The books in memory, over a `write` that replaces the file as a whole or throws; `onWriteFault` is told why. */
export const createBooks = (
  content: BooksContent,
  write: (text: string) => void,
  onWriteFault: (error: unknown) => void,
): Books => {
  const entries = new Map(content.sessions.map((entry) => [keyOf(entry), entry]));
  const calls = { ...content.calls };
  // So that the first flush shows whether the file can be written at all.
  let isDirty = true;

  const flush = (): void => {
    write(formatBooks({ format: 1, calls, sessions: [...entries.values()] }));
    isDirty = false;
  };

  return {
    find: (accountId, id) => entries.get(keyOf({ accountId, id })),
    living: () => [...entries.values()].filter(isLiving),
    intend(entry) {
      const key = keyOf(entry);
      const before = entries.get(key);
      entries.set(key, entry);
      try {
        flush();
      } catch (error) {
        if (before === undefined) entries.delete(key);
        else entries.set(key, before);
        throw error;
      }
    },
    record(...changed) {
      for (const entry of changed) entries.set(keyOf(entry), entry);
      isDirty = true;
      try {
        flush();
      } catch (error) {
        onWriteFault(error);
      }
    },
    count(operation, accountId, id) {
      calls[operation] += 1;
      isDirty = true;
      const entry = accountId && id ? entries.get(keyOf({ accountId, id })) : undefined;
      const isOfSession = SESSION_OPERATIONS.find((known) => known === operation);
      if (entry === undefined || isOfSession === undefined) return;
      const counted = { ...entry.calls, [isOfSession]: entry.calls[isOfSession] + 1 };
      entries.set(keyOf(entry), { ...entry, calls: counted });
    },
    forgetOld(now) {
      for (const [key, entry] of entries) {
        if (!isForgotten(entry, now)) continue;
        entries.delete(key);
        isDirty = true;
      }
    },
    flush() {
      if (isDirty) flush();
    },
  };
};
