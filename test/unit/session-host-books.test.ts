import { describe, expect, it, vi } from 'vitest';
import { createBooks, emptyBooks, formatBooks, parseBooks } from '../../infra/local/session-host/books.ts';
import type { LivingEntry, ProcessIdentity } from '../../infra/local/session-host/entry.ts';
import { takeStock } from '../../infra/local/session-host/recovery.ts';
import { endedEntry, RETENTION_MS, startingEntry } from '../../infra/local/session-host/rules.ts';

const NOW = Date.UTC(2026, 0, 2);
const ACCOUNT = '11111111-1111-1111-1111-111111111111';

const booked = (id: string, handshake = 50_000): LivingEntry =>
  startingEntry(
    { accountId: ACCOUNT, id, size: 'Premium', models: ['https://example.org/m'], maxLeaseTimeMinutes: 4 },
    { handshake, inspector: 60_000 },
    NOW,
  );
const started = (id: string, pid: number): LivingEntry => ({
  ...booked(id),
  process: { pid, start: 'then' },
  spawned: 1,
});
const unwritable = (): never => {
  throw new Error('disk full');
};

describe('books', () => {
  it('are the same after they were written and read', () => {
    const ended = endedEntry(started('over', 8), { status: 'Expired', error: null, since: NOW }, NOW + 1);
    const strange = { ...booked('strange'), models: ['a\nb\u2028c[]\n}'] };
    const content = { ...emptyBooks(), sessions: [booked('new'), started('living', 7), ended, strange] };
    const text = formatBooks(content);
    expect(parseBooks(text)).toEqual({ content });
    expect(text).toContain('"createdAt": "2026-01-02T00:00:00.000Z"');
    // Put together from the texts of its entries, and still laid out as a whole.
    for (const books of [content, emptyBooks()]) {
      const whole = formatBooks(books);
      expect(whole).toBe(`${JSON.stringify(JSON.parse(whole), undefined, 2)}\n`);
    }
  });

  it.each([
    ['', 'not JSON'],
    ['{"format":1,', 'not JSON'],
    ['[]', 'the file'],
    [JSON.stringify({ ...emptyBooks(), format: 2 }), 'format'],
    [JSON.stringify({ ...emptyBooks(), sessions: [{ id: 'x' }] }), 'sessions.0'],
    [
      formatBooks({ ...emptyBooks(), sessions: [booked('x')] }).replace('Starting', 'Booting'),
      'sessions.0.status',
    ],
  ])('that cannot be understood say where: %j', (text, place) => {
    expect(parseBooks(text)).toEqual({ fault: expect.stringContaining(place) });
  });

  it('do not keep an intent that could not be written', () => {
    const books = createBooks(emptyBooks(), unwritable, () => undefined);
    expect(() => books.intend(booked('x'))).toThrow('disk full');
    expect(books.find(ACCOUNT, 'x')).toBeUndefined();
  });

  it('keep what has happened, and write it as soon as that is possible', () => {
    const write = vi.fn<(text: string) => void>(unwritable);
    const onWriteFault = vi.fn();
    const books = createBooks(emptyBooks(), write, onWriteFault);
    books.record(booked('x'));
    expect(onWriteFault).toHaveBeenCalledOnce();
    expect(books.living()).toEqual([booked('x')]);
    write.mockClear();
    write.mockImplementation(() => undefined);
    books.flush();
    books.flush();
    expect(write.mock.calls).toEqual([[formatBooks({ ...emptyBooks(), sessions: [booked('x')] })]]);
  });

  it('count calls by operation, for the session and in all', () => {
    const write = vi.fn<(text: string) => void>();
    const books = createBooks({ ...emptyBooks(), sessions: [booked('x')] }, write, () => undefined);
    books.count('get', ACCOUNT, 'x');
    books.count('get', ACCOUNT, 'unknown');
    books.count('list');
    books.flush();
    expect(books.find(ACCOUNT, 'x')?.calls).toEqual({ create: 0, get: 1, update: 0, stop: 0 });
    const text = write.mock.calls[0]?.[0] ?? '';
    expect(parseBooks(text)).toMatchObject({ content: { calls: { get: 2, list: 1, stop: 0 } } });
  });

  it('tell ids apart by letter case', () => {
    const books = createBooks({ ...emptyBooks(), sessions: [booked('x')] }, unwritable, () => undefined);
    expect(books.find(ACCOUNT, 'X')).toBeUndefined();
  });

  it('forget what ended long ago', () => {
    const ended = endedEntry(started('over', 8), { status: 'Stopped', error: null, since: NOW }, NOW);
    const books = createBooks({ ...emptyBooks(), sessions: [ended] }, () => undefined, unwritable);
    books.forgetOld(NOW + RETENTION_MS - 1);
    expect(books.find(ACCOUNT, 'over')).toEqual(ended);
    books.forgetOld(NOW + RETENTION_MS);
    expect(books.find(ACCOUNT, 'over')).toBeUndefined();
  });
});

describe('after a crash', () => {
  const isAlive = (identity: ProcessIdentity): boolean => identity.pid === 7;
  const found = (pid: number, sessionId: string, port = 50_000) => ({
    identity: { pid, start: 'then' },
    sessionId,
    port,
  });

  it('a session whose process runs is taken back', () => {
    const entry = started('living', 7);
    expect(takeStock([entry], [found(7, 'living')], isAlive, NOW)).toEqual({
      findings: [{ type: 'taken back', entry }],
      strays: [],
    });
  });

  it('a process that was started but not booked is found', () => {
    const entry = booked('new');
    expect(takeStock([entry], [found(9, 'new')], isAlive, NOW)).toEqual({
      findings: [{ type: 'taken back', entry: { ...entry, process: { pid: 9, start: 'then' }, spawned: 1 } }],
      strays: [],
    });
  });

  it.each([
    ['was never started', booked('x'), 'before the process'],
    ['has died', started('x', 8), 'while the session host was not running'],
  ])('a session whose process %s is an Error', (_, entry, message) => {
    const [finding] = takeStock([entry], [], isAlive, NOW).findings;
    expect(finding).toMatchObject({ type: 'lost', entry, ending: { status: 'Error', since: NOW } });
    expect(JSON.stringify(finding)).toContain(message);
  });

  it('an end that had been decided keeps its reason', () => {
    const ending = { status: 'Stopped' as const, error: null, since: NOW - 1 };
    const entry = { ...started('x', 8), ending };
    expect(takeStock([entry], [], isAlive, NOW).findings).toEqual([{ type: 'lost', entry, ending }]);
  });

  it('a process of no living session is a stray, one of another port too', () => {
    const strays = [found(9, 'unknown'), found(10, 'new', 50_001)];
    expect(takeStock([booked('new')], strays, isAlive, NOW)).toMatchObject({
      findings: [{ type: 'lost' }],
      strays,
    });
  });
});
