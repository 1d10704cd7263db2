import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { startHost } from '../integration/session-host-process.ts';
import { accountsSetting, startTestStack } from '../stack.ts';
import type { PlaceName, SideName } from './exchange.ts';

/** Both sides that speak the session API, at work, with everything that the exchanges are asked of. */

export interface Account {
  accountId: string;
  key: string;
}

export interface Place extends Account {
  url: string;
  /** An account whose tokens are not good here, nor those of this one there. */
  otherId: string;
  token: string;
}

export interface Side {
  name: SideName;
  /** @throws RangeError where this side has no such place */
  place(name: PlaceName): Place;
  /** Takes the upstream of the place `gone` away, where there is one. */
  loseUpstream(): Promise<void>;
  close(): Promise<void>;
}

const FAST = { SESSION_HOST_STARTUP: '00:00:00.3', SESSION_HOST_STANDARD_PLACES: '100' };
const SLOW = {
  SESSION_HOST_STARTUP: '01:00:00',
  SESSION_HOST_STANDARD_PLACES: '100',
  SESSION_HOST_PREMIUM_PLACES: '0',
};

const openHost = async (settings: Record<string, string>) => {
  const folder = mkdtempSync(join(tmpdir(), 'session-host-'));
  const host = await startHost(folder, settings);
  return {
    url: host.url,
    port: Number(new URL(host.url).port),
    async close() {
      host.child.kill('SIGTERM');
      await host.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const tokenOf = async (url: string, { accountId, key }: Account): Promise<string> => {
  const headers = { Authorization: `Bearer ${accountId}:${key}` };
  const answer = await fetch(`${url}/accounts/${accountId}/token`, { headers });
  return z.object({ AccessToken: z.string() }).parse(await answer.json()).AccessToken;
};

const sideOf = (
  name: SideName,
  places: Partial<Record<PlaceName, Place>>,
  end: Pick<Side, 'loseUpstream' | 'close'>,
): Side => ({
  name,
  place(wanted) {
    const place = places[wanted];
    if (place === undefined) throw new RangeError(`the ${name} has no place that is ${wanted}`);
    return place;
  },
  ...end,
});

export const openSessionHost = async (): Promise<Side> => {
  const hosts = await Promise.all(
    [FAST, SLOW, { SESSION_HOST_CALL_GAP: '01:00:00' }].map((settings) => openHost(settings)),
  );
  const [fast, slow, throttled] = await Promise.all(
    hosts.map(async ({ url }): Promise<Place> => {
      const otherId = '22222222-2222-2222-2222-222222222222';
      return { ...DEMO_ACCOUNT, url, otherId, token: await tokenOf(url, DEMO_ACCOUNT) };
    }),
  );
  if (fast === undefined || slow === undefined || throttled === undefined) throw new RangeError('no hosts');
  return sideOf(
    'session host',
    { fast, slow, throttled },
    {
      loseUpstream: async () => undefined,
      async close() {
        await Promise.all(hosts.map((host) => host.close()));
      },
    },
  );
};

const newAccount = (): Account => ({
  accountId: randomUUID(),
  key: Buffer.from(randomUUID()).toString('base64'),
});

export const openKeeper = async (): Promise<Side> => {
  const [slowHost, goneHost] = await Promise.all([openHost(SLOW), openHost(SLOW)]);
  const accounts = { fast: newAccount(), slow: newAccount(), throttled: newAccount(), gone: newAccount() };
  const closeHosts = () => Promise.all([slowHost.close(), goneHost.close()]);
  const test = await startTestStack(({ sessionHost }) => ({
    ...FAST,
    // Two calls of one account are enough to be throttled; nobody else calls this one twice.
    KEEPER_HEARTBEATS_PER_SECOND: '0.1',
    KEEPER_ACCOUNTS: JSON.stringify(
      [
        accountsSetting([accounts.fast, accounts.throttled], sessionHost),
        accountsSetting([accounts.slow], slowHost.port),
        accountsSetting([accounts.gone], goneHost.port),
      ].flatMap((setting) => z.array(z.unknown()).parse(JSON.parse(setting))),
    ),
  })).catch(async (error: unknown) => {
    await closeHosts();
    throw error;
  });
  const url = test.stack.keeperUrl;
  const placeOf = async (account: Account, otherId: string): Promise<Place> => ({
    ...account,
    url,
    otherId,
    token: await tokenOf(url, account),
  });
  const { fast, slow, throttled, gone } = accounts;
  const places = {
    fast: await placeOf(fast, slow.accountId),
    slow: await placeOf(slow, fast.accountId),
    throttled: await placeOf(throttled, fast.accountId),
    gone: await placeOf(gone, fast.accountId),
  };
  return sideOf('keeper', places, {
    loseUpstream: goneHost.close,
    async close() {
      await test.stop();
      await closeHosts();
    },
  });
};
