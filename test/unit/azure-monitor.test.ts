import type { Context } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  AFTER_FIRST_MS,
  type AzureMonitor,
  createAzureMonitor,
  MOST_WAITING,
  ROOM_MS,
  WITHOUT_ONE_MS,
} from '../../functions/telemetry/azure-monitor.ts';
import type { BegunStep, Exporter } from '../../functions/telemetry/exporter.ts';
import type { Report } from '../../shared/telemetry.ts';

/** When the library is loaded, and what becomes of that which is told before, with a double in its place. */

const AT = Date.parse('2026-01-05T12:00:00Z');
const report: Report = { at: '2026-01-05T12:00:00.000Z', kind: 'fault', what: 'sweep', error: 'Error: none' };
const invocation = { kind: 'invocation', name: 'getSession', facts: { 'MS-CV': 'one.0' } } as const;
const table = { kind: 'table', name: 'table get', facts: {} } as const;

let loads: PromiseWithResolvers<Exporter>[];
let lines: string[];
/** What has reached the library, in its order. A step is named with its parent. */
let told: string[];
let at: number;
let monitor: AzureMonitor;

const exporter: Exporter = {
  emit: (_report, within) => told.push(`event in ${nameOf(within)}`),
  measure: (name, value) => told.push(`${name} ${value}`),
  begin({ name, facts }, parent, beganAt) {
    told.push(`${name} in ${nameOf(parent)} at ${beganAt - AT}: ${JSON.stringify(facts)}`);
    const begun = {
      context: {} as Context,
      end({ facts: learned, failure, at: endedAt }: Parameters<BegunStep['end']>[0]) {
        told.push(`end of ${name} at ${endedAt - AT}: ${JSON.stringify(learned)} ${failure ?? 'good'}`);
      },
    };
    names.set(begun, name);
    return begun;
  },
  shutdown: async () => {
    told.push('shutdown');
  },
};
const names = new WeakMap<BegunStep, string>();
const nameOf = (step: BegunStep | undefined): string => (step && names.get(step)) ?? 'none';

const start = (): AzureMonitor =>
  createAzureMonitor({
    load() {
      const loading = Promise.withResolvers<Exporter>();
      loads.push(loading);
      return loading.promise;
    },
    writeLine: (line) => lines.push(line),
    now: () => at,
    elapsedMs: () => at,
  });
const answered = (): Promise<void> => monitor.tracing.step(invocation, async () => undefined);
const pass = async (ms: number): Promise<void> => {
  at += ms;
  await vi.advanceTimersByTimeAsync(ms);
};
/** The library is there, and has been handed what was told. */
const arrive = async (): Promise<void> => {
  loads[0]?.resolve(exporter);
  await pass(ROOM_MS);
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  [loads, lines, told, at] = [[], [], [], AT];
  monitor = start();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the library is loaded', () => {
  it('a moment after the first invocation is over, and once', async () => {
    await answered();
    await pass(AFTER_FIRST_MS - 1);
    await answered();
    expect(loads).toHaveLength(0);
    await pass(1);
    expect(loads).toHaveLength(1);
    await answered();
    await pass(10 * WITHOUT_ONE_MS);
    expect(loads).toHaveLength(1);
  });

  it('not while the first invocation is at work, however long that takes', async () => {
    await pass(WITHOUT_ONE_MS - 1);
    const first = Promise.withResolvers<void>();
    const [one, other] = [first.promise, new Promise(() => undefined)].map((work) =>
      monitor.tracing.step(invocation, () => work),
    );
    await pass(10 * WITHOUT_ONE_MS);
    expect(loads).toHaveLength(0);
    first.resolve();
    await one;
    await pass(AFTER_FIRST_MS);
    expect(loads).toHaveLength(1);
    expect(other).toBeDefined();
  });

  it('after the first invocation as well where that fails', async () => {
    const failing = monitor.tracing.step(invocation, () => Promise.reject(new RangeError('none')));
    await expect(failing).rejects.toThrow(RangeError);
    await pass(AFTER_FIRST_MS);
    expect(loads).toHaveLength(1);
  });

  it('after a while where no invocation comes', async () => {
    await monitor.tracing.step(table, async () => undefined);
    await pass(WITHOUT_ONE_MS - 1);
    expect(loads).toHaveLength(0);
    await pass(1);
    expect(loads).toHaveLength(1);
    await answered();
    await arrive();
    expect(told).toHaveLength(4);
  });
});

describe('what is told before', () => {
  it('arrives in its order and with its times, each step and event within the step that it belongs to', async () => {
    monitor.sink.measure('leasekeeper.lapses', 1, {});
    await monitor.tracing.step(invocation, async (note) => {
      at += 5;
      await monitor.tracing.step(table, async () => {
        at += 2;
      });
      monitor.sink.report(report);
      note({ status: 503 }, true);
    });
    monitor.sink.report(report);
    await pass(AFTER_FIRST_MS);
    expect(told).toEqual([]);
    await arrive();
    expect(told).toEqual([
      'leasekeeper.lapses 1',
      'getSession in none at 0: {"MS-CV":"one.0"}',
      'table get in getSession at 5: {"MS-CV":"one.0"}',
      'end of table get at 7: {} good',
      'event in getSession',
      'end of getSession at 7: {"status":503} ',
      'event in none',
    ]);
    monitor.sink.measure('leasekeeper.lapses', 2, {});
    expect(told.at(-1)).toBe('leasekeeper.lapses 2');
  });

  it('is handed over while a step is under way, whose end and inner steps belong to it', async () => {
    await answered();
    const answer = Promise.withResolvers<void>();
    const late = monitor.tracing.step({ ...invocation, name: 'late' }, async () => {
      await answer.promise;
      await monitor.tracing.step(table, () => Promise.reject(new RangeError('a secret')));
    });
    await pass(AFTER_FIRST_MS);
    await arrive();
    expect(told.slice(2)).toEqual(['late in none at 0: {"MS-CV":"one.0"}']);
    answer.resolve();
    await expect(late).rejects.toThrow(RangeError);
    expect(told.slice(3)).toEqual([
      'table get in late at 2000: {"MS-CV":"one.0"}',
      'end of table get at 2000: {} RangeError',
      'end of late at 2000: {} RangeError',
    ]);
    expect(told.join()).not.toContain('a secret');
  });

  it('is handed over once the library has room for it, and what is told meanwhile after it', async () => {
    await answered();
    await pass(AFTER_FIRST_MS);
    loads[0]?.resolve(exporter);
    await pass(ROOM_MS - 1);
    monitor.sink.measure('leasekeeper.lapses', 1, {});
    expect(told).toEqual([]);
    await pass(1);
    expect(told.map((text) => text.split(' ')[0])).toEqual(['getSession', 'end', 'leasekeeper.lapses']);
  });

  it('is lost beyond what memory is given to it, and that is said', async () => {
    for (let count = 0; count < MOST_WAITING + 7; count += 1)
      monitor.sink.measure('leasekeeper.lapses', count, {});
    await answered();
    await pass(AFTER_FIRST_MS);
    await arrive();
    expect(told).toHaveLength(MOST_WAITING);
    expect(lines).toEqual(['telemetry: 9 of what was told before it could be sent are lost']);
  });
});

describe('at the end', () => {
  it('everything is sent, though the library was not there yet', async () => {
    await answered();
    const ended = monitor.shutdown();
    expect(loads).toHaveLength(1);
    await arrive();
    await ended;
    expect(told.map((text) => text.split(' ')[0])).toEqual(['getSession', 'end', 'shutdown']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('everything is sent, though the library is on its way', async () => {
    await answered();
    await pass(AFTER_FIRST_MS);
    const ended = monitor.shutdown();
    await arrive();
    await ended;
    expect([told.length, told.at(-1), loads.length]).toEqual([3, 'shutdown', 1]);
  });

  it('nothing is loaded where nothing was told', async () => {
    await monitor.shutdown();
    await pass(10 * WITHOUT_ONE_MS);
    expect([loads, told]).toEqual([[], []]);
  });

  it('nothing is loaded any more for an invocation that ends later', async () => {
    const last = Promise.withResolvers<void>();
    const late = monitor.tracing.step(invocation, () => last.promise);
    const ended = monitor.shutdown();
    await arrive();
    await ended;
    last.resolve();
    await late;
    expect(vi.getTimerCount()).toBe(0);
    expect(loads).toHaveLength(1);
  });
});

it('a library that cannot be loaded fails no work, keeps nothing, and is named in one line', async () => {
  await answered();
  await pass(AFTER_FIRST_MS);
  loads[0]?.reject(new TypeError('no such file'));
  await pass(ROOM_MS);
  await answered();
  monitor.sink.report(report);
  await monitor.shutdown();
  expect([told, lines, loads.length]).toEqual([[], ['telemetry: TypeError: no such file'], 1]);
});

describe('a library that fails', () => {
  const FAILS = 'telemetry: TypeError: it fails';
  const fail = (): never => {
    throw new TypeError('it fails');
  };

  it('while it is handed over to fails nothing else, and is named in one line', async () => {
    await answered();
    for (const name of ['leasekeeper.lapses', 'leasekeeper.orphans'] as const)
      monitor.sink.measure(name, 1, {});
    const measure = vi.spyOn(exporter, 'measure').mockImplementationOnce(fail);
    await pass(AFTER_FIRST_MS);
    await arrive();
    measure.mockRestore();
    await answered();
    expect(told.map((text) => text.split(' ')[0])).toEqual([
      ...['getSession', 'end', 'leasekeeper.orphans'],
      ...['getSession', 'end'],
    ]);
    expect(lines).toEqual([FAILS]);
  });

  it('at a step, an event or a value fails no work, whose own error is the one that is thrown', async () => {
    await answered();
    await pass(AFTER_FIRST_MS);
    const begun = { context: {} as Context, end: fail };
    loads[0]?.resolve({ ...exporter, emit: fail, measure: fail, begin: () => begun });
    await pass(ROOM_MS);
    const work = async (): Promise<string> => {
      monitor.sink.report(report);
      monitor.sink.measure('leasekeeper.lapses', 1, {});
      return 'done';
    };
    expect(await monitor.tracing.step(invocation, work)).toBe('done');
    const failing = monitor.tracing.step(table, () => Promise.reject(new RangeError('its own')));
    await expect(failing).rejects.toThrow('its own');
    expect(lines).toEqual([FAILS]);
  });

  it('at the beginning of a step fails no work', async () => {
    await answered();
    await pass(AFTER_FIRST_MS);
    loads[0]?.resolve({ ...exporter, begin: fail });
    await pass(ROOM_MS);
    expect(await monitor.tracing.step(invocation, async () => 'done')).toBe('done');
    expect([told, lines]).toEqual([[], [FAILS]]);
  });
});
