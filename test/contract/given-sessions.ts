import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { eventually } from '../stack.ts';
import { send } from './ask.ts';
import type { Exchange, Given, PlaceName } from './exchange.ts';
import type { Side } from './sides.ts';

/** The sessions that exchanges are given: made all at once, because each of them takes its time. */

/** The id of the session that an exchange is given. */
export type GivenSessions = ReadonlyMap<Exchange, string>;

export const placeOf = ({ at, given }: Exchange): PlaceName => {
  if (at !== undefined) return at;
  const comesToItsEnd = given !== undefined && given.state !== 'Starting' && given.state !== 'Error';
  return comesToItsEnd ? 'fast' : 'slow';
};

interface Wanted extends Given {
  at: PlaceName;
  madeBy: 'v1' | '2021';
}

const wantedBy = (exchange: Exchange, given: Given): Wanted => ({
  ...given,
  at: placeOf(exchange),
  madeBy: given.madeBy ?? (exchange.generation === 'v1' ? 'v1' : '2021'),
});

/** The same for exchanges that share a session. */
const keyOf = ({ at, madeBy, state }: Wanted): string => `${at} ${madeBy} ${state}`;

export const makeGivenSessions = async (
  side: Side,
  exchanges: readonly Exchange[],
): Promise<GivenSessions> => {
  const made = new Map<string, Promise<string>>();
  const sessions = new Map<Exchange, string>();
  const ids: { wanted: Wanted; id: string }[] = [];
  for (const [index, exchange] of exchanges.entries()) {
    if (exchange.given === undefined) continue;
    const wanted = wantedBy(exchange, exchange.given);
    const key = wanted.isOwn === true ? String(index) : keyOf(wanted);
    if (!made.has(key)) {
      const creation = create(side, wanted);
      made.set(key, creation);
      ids.push({ wanted, id: await creation });
    }
    sessions.set(exchange, (await made.get(key)) ?? '');
  }
  // One after another, so that those who look are not in the way of those who start.
  for (const { wanted, id } of ids) {
    await eventually(`${side.name}: the session ${id} ${wanted.state}`, async () =>
      (await statusOf(side, wanted, id)) === wanted.state ? true : undefined,
    );
  }
  return sessions;
};

const create = async (side: Side, { at, madeBy, state }: Wanted): Promise<string> => {
  const place = side.place(at);
  const size = state === 'Error' ? 'Premium' : 'Standard';
  if (madeBy === 'v1') {
    const path = '/v1/accounts/{account}/sessions/create';
    const { text } = await made(place, { method: 'POST', path, body: { maxLeaseTime: '4:0:0', size } });
    const { sessionId } = z.object({ sessionId: z.string() }).parse(JSON.parse(text));
    if (state === 'Stopped')
      await send(place, { method: 'DELETE', path: `/v1/accounts/{account}/sessions/${sessionId}` }, {});
    return sessionId;
  }
  const id = randomUUID();
  const path = `/accounts/{account}/sessions/${id}`;
  const body = { maxLeaseTimeMinutes: state === 'Expired' ? 0 : 240, size };
  const { status, text } = await made(place, { method: 'PUT', path: `${path}${VERSION}`, body });
  if (status !== 201) throw new Error(`${side.name}: a create answered ${status}: ${text}`);
  if (state === 'Stopped') await send(place, { method: 'POST', path: `${path}/:stop${VERSION}` }, {});
  return id;
};

/** On a busy machine the table may be too late: it is then asked again, as 503 says. */
const made = (place: Parameters<typeof send>[0], call: Parameters<typeof send>[1]): ReturnType<typeof send> =>
  eventually(`an answer to ${call.method} ${call.path}`, async () => {
    const answer = await send(place, call, {});
    return answer.status === 503 ? undefined : answer;
  });

const VERSION = '?api-version=2021-01-01';

const statusOf = async (side: Side, { at }: Wanted, id: string): Promise<string> => {
  const path = `/accounts/{account}/sessions/${id}${VERSION}`;
  const { text } = await send(side.place(at), { method: 'GET', path }, {});
  return z.object({ status: z.string() }).parse(JSON.parse(text)).status;
};
