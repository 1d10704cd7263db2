import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../shared/lease.ts';
import type { Arrangement } from '../bench/arrangements/arrangement.ts';
import { createCuller } from '../bench/arrangements/culler.ts';
import { createDirect, type Direct } from '../bench/arrangements/direct.ts';
import { createShowcase } from '../bench/arrangements/showcase.ts';
import { createToolkit } from '../bench/arrangements/toolkit.ts';
import { type Books, createBooks } from '../simulation/upstream-books.ts';
import { createWorld, type World } from '../simulation/world.ts';

/** A world with one session `a`, whose client is open and in use from the beginning. */
const scene = (make: (world: World, direct: Direct, books: Books) => Arrangement) => {
  const world = createWorld(1);
  const books = createBooks(world);
  const arrangement = make(world, createDirect(world, books), books);
  arrangement.create('a');
  arrangement.attend('a', { isOpen: true, isUsed: true });
  return {
    arrangement,
    server: () => books.find('a'),
    until: (minutes: number) => world.run(world.start + minutes * MINUTE_MS),
    endedAfterMinutes: () => ((books.find('a')?.endedAt ?? Number.NaN) - world.start) / MINUTE_MS,
  };
};
const START_MINUTES = 1.5;

describe('the desktop toolkit', () => {
  const open = () => scene((world, direct) => createToolkit(world, direct));

  it('polls four times a minute while rendering, and extends once a minute', async () => {
    const { arrangement, until } = open();
    await until(60);
    const before = arrangement.calls();
    await until(120);
    expect(arrangement.calls() - before).toBe(60 * 4 + 60);
  });

  it('leaves ten minutes and a bit behind when it is closed', async () => {
    const { arrangement, until, endedAfterMinutes } = open();
    await until(60);
    arrangement.attend('a', { isOpen: false, isUsed: false });
    await until(120);
    expect(endedAfterMinutes()).toBeGreaterThan(69);
    expect(endedAfterMinutes()).toBeLessThan(72);
  });

  it('keeps a session that nobody uses while it is open, and goes on asking at the cap in vain', async () => {
    const { arrangement, server, until, endedAfterMinutes } = open();
    arrangement.attend('a', { isOpen: true, isUsed: false });
    await until(23 * 60);
    expect(server()?.status).toBe('Ready');
    await until(25 * 60);
    expect(server()?.status).toBe('Expired');
    expect(endedAfterMinutes()).toBeLessThanOrEqual(1439 + START_MINUTES);
  });
});

describe('the Unity showcase', () => {
  const open = () => scene((world, direct, books) => createShowcase(world, direct, books.find));

  it('extends by twenty minutes, three times an hour', async () => {
    const { arrangement, until } = open();
    await until(60);
    const before = arrangement.calls();
    await until(120);
    expect(arrangement.calls() - before).toBe(3);
  });

  it('asks for ten minutes where its hours wrap, eleven times, and lets the session die', async () => {
    const { arrangement, server, until, endedAfterMinutes } = open();
    await until(23 * 60);
    expect(server()?.leaseMinutes).toBe(1410);
    const before = arrangement.calls();
    await until(24 * 60 + 30);
    // One that is taken, to 1430, and eleven for 1450, which is ten.
    expect(arrangement.calls() - before).toBe(12);
    expect(endedAfterMinutes()).toBe(1430 + START_MINUTES);
  });

  it('renews nothing while it is not connected', async () => {
    const { arrangement, until, endedAfterMinutes } = open();
    await until(60);
    arrangement.attend('a', { isOpen: false, isUsed: false });
    await until(200);
    expect(endedAfterMinutes()).toBeLessThan(60 + 41);
  });
});

describe('the idle culler', () => {
  const open = () => scene((world, direct) => createCuller(world, direct));

  it('lists everything twelve times an hour', async () => {
    const { arrangement, until } = open();
    await until(60);
    const before = arrangement.calls();
    await until(120);
    expect(arrangement.calls() - before).toBe(12);
  });

  it('stops what was not used for ten minutes, at its next look', async () => {
    const { arrangement, until, endedAfterMinutes } = open();
    await until(61);
    arrangement.attend('a', { isOpen: true, isUsed: false });
    await until(70);
    expect(endedAfterMinutes()).toBeNaN();
    await until(80);
    expect(endedAfterMinutes()).toBeGreaterThanOrEqual(75);
    expect(endedAfterMinutes()).toBeLessThan(75.2);
  });

  it('leaves what is in use alone', async () => {
    const { server, until } = open();
    await until(600);
    expect(server()?.status).toBe('Ready');
  });
});
