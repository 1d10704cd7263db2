/**
 * A client of the session API, generation 2021-01-01, without any dependency: create, wait until Ready, extend, list,
 * stop. It knows nothing of the keeper, and runs against every endpoint that speaks the protocol.
 *
 *   node docs/example-client.ts            Node 22.18 or later runs TypeScript as it is
 *
 * ARR_ENDPOINT, ARR_TOKEN_ENDPOINT, ARR_ACCOUNT_ID and ARR_ACCOUNT_KEY name the service; the defaults are those of
 * `npm start`.
 */

const endpoint = process.env.ARR_ENDPOINT ?? 'http://127.0.0.1:7071';
const tokenEndpoint = process.env.ARR_TOKEN_ENDPOINT ?? endpoint;
const accountId = process.env.ARR_ACCOUNT_ID ?? '11111111-1111-1111-1111-111111111111';
const accountKey = process.env.ARR_ACCOUNT_KEY ?? 'bG9jYWwtZGV2ZWxvcG1lbnQta2V5LW5vdC1hLXNlY3JldA==';

const POLL_MS = 2_000;
const GIVE_UP_AFTER_MS = 10 * 60_000;

interface Session {
  id: string;
  status: 'Starting' | 'Ready' | 'Stopped' | 'Expired' | 'Error';
  maxLeaseTimeMinutes: number;
  /** From Ready on. */
  hostname?: string;
  handshakePort?: number;
  error?: { code: string; message: string };
}

interface Page {
  sessions: Session[];
  '@nextLink'?: string;
}

const send = async (method: string, url: string, authorization: string, body?: object): Promise<unknown> => {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${authorization}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status === 429) {
    const seconds = Number(answer.headers.get('retry-after') ?? 10);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return send(method, url, authorization, body);
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
};

const { AccessToken } = (await send(
  'GET',
  `${tokenEndpoint}/Accounts/${accountId}/token?api-version=2019-02-28-preview`,
  `${accountId}:${accountKey}`,
)) as { AccessToken: string };

const sessions = `${endpoint}/accounts/${accountId}/sessions`;
const version = 'api-version=2021-01-01';
// The id is the client's choice, so a create that got no answer can be sent again: there is one session, never two.
const url = `${sessions}/${crypto.randomUUID()}`;

const get = async (): Promise<Session> => (await send('GET', `${url}?${version}`, AccessToken)) as Session;

const until = async (...wanted: Session['status'][]): Promise<Session> => {
  for (const end = Date.now() + GIVE_UP_AFTER_MS; Date.now() < end; ) {
    const session = await get();
    if (wanted.includes(session.status)) return session;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`the session was not ${wanted.join(' or ')} in time`);
};

await send('PUT', `${url}?${version}`, AccessToken, { maxLeaseTimeMinutes: 10, size: 'Standard' });
const session = await until('Ready', 'Error', 'Expired', 'Stopped');
if (session.status !== 'Ready') throw new Error(session.error?.message ?? `the session is ${session.status}`);
console.log(`${session.id} is Ready at ${session.hostname}:${session.handshakePort}`);

// The lease is the total since Ready, not an addition.
const extended = (await send('PATCH', `${url}?${version}`, AccessToken, {
  maxLeaseTimeMinutes: 20,
})) as Session;
console.log(`its lease is ${extended.maxLeaseTimeMinutes} minutes`);

const listed: Session[] = [];
for (let next: string | undefined = `${sessions}?${version}`; next !== undefined; ) {
  const page = (await send('GET', next, AccessToken)) as Page;
  listed.push(...page.sessions);
  next = page['@nextLink'];
}
console.log(`${listed.length} sessions are Starting or Ready`);

await send('POST', `${url}/:stop?${version}`, AccessToken);
console.log(`it is ${(await until('Stopped', 'Error', 'Expired')).status}`);

export {};
