/**
 * The tour of the API with a client that was generated from its description: compiled and run by
 * generated-client.test.ts, in a folder where `client.ts` is that client.
 */
import {
  createSession,
  createSessionV1,
  defaults,
  getSession,
  getSessionV1,
  getToken,
  heartbeat,
  listSessions,
  listSessionsV1,
  type Session,
  stopSession,
  stopSessionV1,
  updateSession,
  updateSessionV1,
} from './client.js';

const [baseUrl = '', accountId = '', accountKey = ''] = process.argv.slice(2);
defaults.baseUrl = baseUrl;

/** The data of an answer of this status; any other one ends the tour. */
const expected = <Answer extends { status: number; data?: unknown }, Status extends Answer['status']>(
  answer: Answer,
  status: Status,
): Extract<Answer, { status: Status }> => {
  if (answer.status === status) return answer as Extract<Answer, { status: Status }>;
  throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.data)}`);
};
const until = async <Value>(look: () => Promise<Value | undefined>): Promise<Value> => {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('it did not happen in time');
};

const withKey = { headers: { authorization: `Bearer ${accountId}:${accountKey}` } };
const token = expected(await getToken(accountId, withKey), 200).data.AccessToken;
defaults.headers = { authorization: `Bearer ${token}` };

const version = '2021-01-01';
const sessionId = crypto.randomUUID();
const wanted = { maxLeaseTimeMinutes: 10, size: 'Standard', keepAlive: true, tags: { team: 'blue' } };
const created: Session = expected(await createSession(accountId, sessionId, version, wanted), 201).data;
expected(await createSession(accountId, sessionId, version, wanted), 200);
expected(await createSession(accountId, sessionId, version, { ...wanted, size: 'Premium' }), 409);
// @ts-expect-error: minutes are a number.
const asText: Parameters<typeof createSession>[3] = { maxLeaseTimeMinutes: '10', size: 'Standard' };
const refused = expected(await createSession(accountId, 'refused', version, asText), 400);

const v1 = expected(await createSessionV1(accountId, { maxLeaseTime: '0:10:0' }), 202).data.sessionId;

const ready = await until(async () => {
  const { data } = expected(await getSession(accountId, sessionId, version, {}), 200);
  return data.status === 'Ready' ? data : undefined;
});
const port: number | undefined = ready.handshakePort;
const extended = expected(
  await updateSession(accountId, sessionId, version, { maxLeaseTimeMinutes: 90 }, {}),
  200,
);
const tooSmall = expected(
  await updateSession(accountId, sessionId, version, { maxLeaseTimeMinutes: 5 }, {}),
  422,
);
const beat = expected(await heartbeat(accountId, sessionId, version), 200);
const { sessions } = expected(await listSessions(accountId, version), 200).data;
expected(await updateSessionV1(accountId, v1, { maxLeaseTime: '0:20:0' }, {}), 200);
const listedV1 = expected(await listSessionsV1(accountId), 200).data.sessions;

expected(await stopSession(accountId, sessionId, version), 204);
expected(await stopSessionV1(accountId, v1), 204);
const over = await until(async () => {
  const { data } = expected(
    await getSession(accountId, sessionId, version, { xKeeperActivity: 'none' }),
    200,
  );
  return data.status === 'Stopped' ? data : undefined;
});
await until(async () => {
  const { data } = expected(await getSessionV1(accountId, v1, {}), 200);
  return data.sessionStatus === 'Stopped' ? data : undefined;
});
const unknown = expected(await getSession(accountId, 'unknown', version, {}), 404);

console.log(
  JSON.stringify({
    created: [created.id === sessionId, created.status, created.keeper.tags],
    refused: refused.data.error.target,
    ready: [ready.status, typeof port, ready.hostname],
    extended: extended.data.maxLeaseTimeMinutes,
    tooSmall: tooSmall.data.error.code,
    beat: beat.data.status,
    listed: [sessions.some(({ id }) => id === sessionId), listedV1.some((one) => one.sessionId === v1)],
    over: over.keeper.ended?.because,
    unknown: unknown.data.error.code,
  }),
);
