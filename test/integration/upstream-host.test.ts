import { describe, expect, it } from 'vitest';
import { send } from '../../shared/upstream/send.ts';
import { createUpstream, type Upstream } from '../../shared/upstream/upstream.ts';
import {
  ACCOUNT,
  cleanUpAfterEach,
  type Host,
  KEY,
  newDataFolder,
  startHost,
  until,
} from './session-host-process.ts';
import { clock, soon, wholeList } from './upstream-fixture.ts';

/** The upstream client against the session host, as the local stack has them. */

cleanUpAfterEach();

const upstreamOf = ({ url }: Host, accountKey = KEY): Upstream =>
  createUpstream({ endpoint: url, tokenEndpoint: url, accountId: ACCOUNT, accountKey }, clock, send);

const wanted = { maxLeaseTimeMinutes: 5, size: 'Standard', models: ['https://example.org/m'] };

const untilShown = (upstream: Upstream, id: string, status: string) =>
  until(async () => {
    const outcome = await upstream.observe(id, soon());
    return outcome.type === 'found' && outcome.sighting.status === status ? outcome.sighting : undefined;
  }, `session ${id} ${status}`);

describe('a session of the session host', () => {
  it('is created once, seen ready, extended and stopped', async () => {
    const upstream = upstreamOf(await startHost(newDataFolder()));
    const id = 'of-the-keeper';
    const starting = { status: 'Starting', leaseMinutes: 5, elapsedMinutes: 0 };
    expect(await upstream.observe(id, soon())).toEqual({ type: 'missing', sentAt: expect.any(Number) });
    expect(await upstream.stop(id, soon())).toEqual({ type: 'missing', sentAt: expect.any(Number) });
    expect(await upstream.extend(id, 9, soon())).toEqual({ type: 'missing', sentAt: expect.any(Number) });
    expect(await upstream.create(id, wanted, soon())).toMatchObject({
      type: 'found',
      created: true,
      sighting: starting,
    });
    expect(await upstream.create(id, wanted, soon())).toMatchObject({ type: 'found', created: false });
    expect(await upstream.create(id, { ...wanted, maxLeaseTimeMinutes: 6 }, soon())).toEqual({
      type: 'exists',
    });

    const ready = await untilShown(upstream, id, 'Ready');
    expect(ready).toMatchObject({ leaseMinutes: 5, elapsedMinutes: 0, hostname: expect.stringMatching(/./) });
    expect(ready.ports.handshake).toBeGreaterThan(0);

    expect(await upstream.extend(id, 9, soon())).toMatchObject({
      type: 'found',
      sighting: { leaseMinutes: 9 },
    });
    expect(await upstream.extend(id, 9, soon())).toMatchObject({ type: 'refused', status: 422 });
    expect(await upstream.extend(id, 1440, soon())).toMatchObject({ type: 'refused', status: 422 });

    expect(await upstream.stop(id, soon())).toEqual({ type: 'accepted' });
    await untilShown(upstream, id, 'Stopped');
    expect(await upstream.stop(id, soon())).toEqual({ type: 'accepted' });
    expect(await upstream.create(id, wanted, soon())).toMatchObject({
      created: false,
      sighting: { status: 'Stopped' },
    });
  });

  it('is in the list over all pages while it lives', async () => {
    const places = { SESSION_HOST_STANDARD_PLACES: '130' };
    const upstream = upstreamOf(await startHost(newDataFolder(), places));
    expect(await wholeList(upstream)).toMatchObject({ sightings: new Map(), isWhole: true });
    const ids = Array.from({ length: 105 }, (_, index) => `s-${String(index).padStart(3, '0')}`);
    for (const id of ids) expect(await upstream.create(id, wanted, soon())).toMatchObject({ created: true });
    const listing = await wholeList(upstream);
    expect(listing.type === 'listed' && [...listing.sightings.keys()].toSorted()).toEqual(ids);
  });

  it('that asks with a wrong key is not sent anything', async () => {
    const host = await startHost(newDataFolder());
    const upstream = upstreamOf(host, 'a-wrong-key');
    expect(await upstream.create('never-made', wanted, soon())).toMatchObject({ type: 'unsent' });
    expect(await upstream.list(soon())).toMatchObject({ type: 'inconclusive' });
    expect((await host.call('GET', '/never-made')).status).toBe(404);
  });

  it('that is throttled says when to come again', async () => {
    const upstream = upstreamOf(await startHost(newDataFolder(), { SESSION_HOST_CALL_GAP: '00:01:00' }));
    expect(await upstream.observe('any', soon())).toMatchObject({ type: 'missing' });
    const throttled = await upstream.observe('any', soon());
    expect(throttled).toMatchObject({
      type: 'inconclusive',
      because: 'it answered 429',
      retryAfterMs: expect.any(Number),
    });
    expect(throttled.type === 'inconclusive' && throttled.retryAfterMs).toBeLessThanOrEqual(60_000);
  });
});
