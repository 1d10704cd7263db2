import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePorts, PORTS_EACH } from '../../infra/local/ports.ts';

const [ONE, OTHER] = [4_000, 4_001];

it('gives different ports, however often it is asked, and by whom at the same time', async () => {
  const asked = await Promise.all([1, 5, 5].map((count) => freePorts(count, ONE)));
  expect(asked.map(({ length }) => length)).toEqual([1, 5, 5]);
  expect(new Set(asked.flat()).size).toBe(11);
});

it('looks elsewhere for each process: what one has found, and does not use yet, no other finds', async () => {
  const ofOne = await freePorts(PORTS_EACH / 2, ONE);
  const ofOther = await freePorts(PORTS_EACH / 2, OTHER);
  const rangeOf = (ports: number[]) => new Set(ports.map((port) => Math.floor(port / PORTS_EACH)));
  expect([rangeOf(ofOne).size, rangeOf(ofOther).size]).toEqual([1, 1]);
  expect(rangeOf(ofOne)).not.toEqual(rangeOf(ofOther));
});

it('passes over a port that is taken, and says so where there are not enough', async () => {
  const [taken = 0] = await freePorts(1, ONE);
  const holder = createServer().listen(taken, '127.0.0.1');
  await once(holder, 'listening');
  try {
    // Together, they have looked at all of the range.
    const halves = [await freePorts(PORTS_EACH / 2, ONE), await freePorts(PORTS_EACH / 2, ONE)];
    expect(halves.flat()).not.toContain(taken);
    await expect(freePorts(PORTS_EACH + 1, ONE)).rejects.toThrow(`no ${PORTS_EACH + 1} ports`);
  } finally {
    holder.close();
  }
});
