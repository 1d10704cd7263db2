import { describe, expect, it } from 'vitest';
import type { LivingEntry } from '../../infra/local/session-host/entry.ts';
import { type Page, pageOf } from '../../infra/local/session-host/pages.ts';
import { startingEntry } from '../../infra/local/session-host/rules.ts';
import { createContinuations } from '../../shared/continuation.ts';
import { BadRequestError } from '../../shared/errors.ts';

const NOW = Date.UTC(2026, 0, 2);
const accountId = '11111111-1111-1111-1111-111111111111';
const scope = { accountId, apiVersion: '2021-01-01' };
const secretOf = (letter: string): Uint8Array => new TextEncoder().encode(letter.repeat(32));
const ours = createContinuations([secretOf('a')]);

const session = (id: string, at: number): LivingEntry =>
  startingEntry(
    { accountId, id, size: 'Standard', models: [], maxLeaseTimeMinutes: 4 },
    { handshake: 50_000, inspector: 50_001 },
    at,
  );
const page = (living: readonly LivingEntry[], continuation?: string): Promise<Page> =>
  pageOf(living, continuation, scope, ours);
const idsOf = ({ entries }: Page): string[] => entries.map(({ id }) => id);

describe('pages', () => {
  it('show every session once, oldest first, though some end between two pages', async () => {
    const all = Array.from({ length: 205 }, (_, index) => session(`s${index}`, NOW + Math.floor(index / 7)));
    const first = await page(all.toReversed());
    const remaining = all.filter((entry) => entry.id !== 's3' && entry.id !== 's50');
    const second = await page(remaining, first.continuation);
    const third = await page(remaining, second.continuation);
    expect([first, second, third].map(({ entries }) => entries.length)).toEqual([100, 100, 5]);
    expect(third.continuation).toBeUndefined();
    const shown = [first, second, third].flatMap(({ entries }) => entries);
    expect(new Set(shown)).toEqual(new Set(all));
    const instants = shown.map(({ createdAt }) => createdAt);
    expect(instants).toEqual(instants.toSorted((left, right) => left - right));
  });

  it('have those of one instant by their id, and leave nothing out that begins with another id', async () => {
    const all = Array.from({ length: 101 }, (_, index) => session('x'.repeat(index + 1), NOW));
    const first = await page(all.toReversed());
    expect(idsOf(first)).toEqual(all.slice(0, 100).map(({ id }) => id));
    expect(idsOf(await page(all, first.continuation))).toEqual(['x'.repeat(101)]);
  });

  it('that are exactly full have no next one', async () => {
    const all = Array.from({ length: 100 }, (_, index) => session(`s${index}`, NOW));
    expect((await page(all)).continuation).toBeUndefined();
  });

  const place = `${new Date(NOW).toISOString()} s1`;
  const other = '22222222-2222-2222-2222-222222222222';
  const theirs = createContinuations([secretOf('b')]);
  it.each<[string, () => string | Promise<string>]>([
    ['is empty', () => ''],
    ['is none', () => 'x'],
    ['is not signed', () => Buffer.from(place).toString('base64url')],
    ['is signed with another secret', () => theirs.issue(scope, place)],
    ['is of another account', () => ours.issue({ ...scope, accountId: other }, place)],
    ['is of another api-version', () => ours.issue({ ...scope, apiVersion: '2021-01-01-preview' }, place)],
  ])('refuse a continuation that %s', async (_, given) => {
    const refused = page([session('s2', NOW)], await given());
    await expect(refused).rejects.toThrow(BadRequestError);
    await expect(refused).rejects.toMatchObject({ target: 'continuation' });
  });

  it('go on with what a host of the same key gave out before', async () => {
    const earlier = await createContinuations([secretOf('a')]).issue(scope, place);
    expect(idsOf(await page([session('s1', NOW), session('s2', NOW)], earlier))).toEqual(['s2']);
  });
});
