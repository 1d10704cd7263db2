import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { PATIENCE_MS } from '../stack.ts';
import { type Answer, checkAnswer } from './check-answer.ts';
import { type Exchange, type Expected, expectedOn, type Request } from './exchange.ts';
import type { Place, Side } from './sides.ts';

/** Exchanges, asked and checked one step after the other. */

/** What `{words}` in requests and expectations stand for. */
type Words = Readonly<Record<string, string>>;

const UNKNOWN = '00000000-0000-4000-8000-00000000abcd';

export const ask = async (
  side: Side,
  place: Place,
  { name, generation, steps }: Exchange,
  id: string | undefined,
  vectors: Set<string>,
): Promise<void> => {
  let words: Words = { id: id ?? '', ID: id?.toUpperCase() ?? '', new: randomUUID() };
  for (const [index, { request, expected }] of steps.entries()) {
    const answer = await send(place, request, words);
    const created = sessionIdOf(answer.text);
    if (created !== undefined) words = { ...words, created };
    if (expected === undefined) continue;
    checkAnswer(answer, {
      name: `${side.name}: ${name}: step ${index + 1}, ${request.method} ${request.path}`,
      side: side.name,
      generation,
      request,
      expected: filled(expectedOn(side.name, expected), place, words),
      vectors,
    });
  }
};

/** The id that a create of generation 1 answers with. */
const sessionIdOf = (text: string): string | undefined =>
  /^\{"sessionId":"[^"]*"\}$/.test(text)
    ? z.object({ sessionId: z.string() }).parse(JSON.parse(text)).sessionId
    : undefined;

export const send = async (place: Place, request: Request, words: Words): Promise<Answer> => {
  const { method, path, body } = request;
  const headers = Object.entries({
    Authorization: 'Bearer {token}',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...request.headers,
  }).flatMap(([name, text]): [string, string][] => (text === null ? [] : [[name, fill(text, place, words)]]));
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${place.url}${fill(path, place, words)}`, {
    method,
    headers,
    // As bytes: a text would be given a Content-Type where there is to be none.
    ...(text === undefined ? {} : { body: Buffer.from(text) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

const fill = (text: string, place: Place, words: Words): string => {
  const { accountId, otherId, key, token } = place;
  const known: Words = {
    account: accountId,
    ACCOUNT: accountId.toUpperCase(),
    other: otherId,
    key,
    token,
    unknown: UNKNOWN,
    ...words,
  };
  return text.replaceAll(/\{(\w+)\}/g, (whole, word: string) => known[word] ?? whole);
};

/** Texts with their words filled in, patterns as well; everything else as it is. */
const filled = (expected: Expected, place: Place, words: Words): Expected => {
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return fill(value, place, words);
    // Ids have no character that means anything in a pattern.
    if (value instanceof RegExp) return new RegExp(fill(value.source, place, words), value.flags);
    if (Array.isArray(value)) return value.map(deep);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, deep(inner)]));
  };
  return deep(expected) as Expected;
};
