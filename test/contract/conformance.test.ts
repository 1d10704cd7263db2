import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, send } from './ask.ts';
import type { Exchange, SideName } from './exchange.ts';
import { exchanges } from './exchanges.ts';
import { exchangesBoth } from './exchanges-both.ts';
import { type GivenSessions, makeGivenSessions, placeOf } from './given-sessions.ts';
import { expectSame } from './same-session.ts';
import { openKeeper, openSessionHost, type Side } from './sides.ts';

/** Both sides answer every exchange of the reference page, in both generations, to the letter. */

/** The keeper looks at a starting session every ten seconds, and may be one of several at work here. */
const HOOK_MS = 240_000;

const opening: Record<SideName, () => Promise<Side>> = {
  keeper: openKeeper,
  'session host': openSessionHost,
};

describe.each(['session host', 'keeper'] as const)('the %s', (name) => {
  const own = exchanges.filter(({ only }) => only === undefined || only.side === name);
  const vectors = new Set<string>();
  let side: Side;
  let sessions: GivenSessions;

  beforeAll(async () => {
    side = await opening[name]();
    sessions = await makeGivenSessions(side, own);
    await side.loseUpstream();
  }, HOOK_MS);
  afterAll(() => side?.close());

  it.each(own)('$name', (exchange) =>
    ask(side, side.place(placeOf(exchange)), exchange, sessions.get(exchange), vectors),
  );

  it('says the same of a session in both generations, by itself and in lists', async () => {
    const get = async (exchange: Exchange, path: string) =>
      JSON.parse((await send(side.place(placeOf(exchange)), { method: 'GET', path }, {})).text);
    for (const exchange of exchangesBoth.filter(({ given }) => given !== undefined && given.isOwn !== true)) {
      const id = sessions.get(exchange);
      const session = await get(exchange, `/accounts/{account}/sessions/${id}?api-version=2021-01-01`);
      const properties = await get(exchange, `/v1/accounts/{account}/sessions/${id}/properties`);
      expectSame(exchange.name, properties, session);
      const list = await get(exchange, '/accounts/{account}/sessions?api-version=2021-01-01');
      const listV1 = await get(exchange, '/v1/accounts/{account}/sessions');
      const found = list.sessions.find((one: { id: string }) => one.id === id);
      const foundV1 = listV1.sessions.find((one: { sessionId: string }) => one.sessionId === id);
      const isListed = session.status === 'Starting' || session.status === 'Ready';
      expect([found !== undefined, foundV1 !== undefined], exchange.name).toEqual([isListed, isListed]);
      if (isListed) expectSame(`${exchange.name}, in the lists`, foundV1, found);
    }
  });
});
