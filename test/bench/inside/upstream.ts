import { MINUTE_MS } from '../../../shared/lease.ts';
import type { HttpAnswer, HttpRequest } from '../../../shared/upstream/send.ts';

/**
 * An upstream that answers at once and knows every session: what is left of a call's time is the keeper's own. A
 * server that nobody asked for here has been Ready for five minutes.
 */
export const createQuickUpstream = (now: () => number): ((request: Asked) => HttpAnswer) => {
  const servers = new Map<string, Server>();
  const serverOf = (id: string): Server => {
    const known = servers.get(id);
    if (known !== undefined) return known;
    const made: Server = { leaseMinutes: 60, readyAt: now() - KNOWN_MINUTES * MINUTE_MS, isStopped: false };
    servers.set(id, made);
    return made;
  };

  return ({ method, url, body = '' }) => {
    const [, , , collection, id, action] = new URL(url, 'http://upstream').pathname.split('/');
    if (collection === 'token') return answerOf(200, { AccessToken: tokenUntil(now() + TOKEN_LIFETIME_MS) });
    if (id === undefined) {
      const sessions = [...servers]
        .filter(([, { isStopped }]) => !isStopped)
        .map(([name, one]) => propertiesOf(name, one, now()));
      return answerOf(200, { sessions });
    }
    if (method === 'PUT') {
      const server = { leaseMinutes: leaseOf(body), readyAt: now(), isStopped: false };
      servers.set(id, server);
      return answerOf(201, propertiesOf(id, server, now()));
    }
    const server = serverOf(id);
    if (action === ':stop') {
      server.isStopped = true;
      return { status: 204, headers: {}, body: '' };
    }
    if (method === 'PATCH') server.leaseMinutes = leaseOf(body);
    return answerOf(200, propertiesOf(id, server, now()));
  };
};

/** How long a server has been Ready that is first heard of by another call than its create. */
export const KNOWN_MINUTES = 5;

type Asked = Pick<HttpRequest, 'method' | 'url' | 'body'>;

interface Server {
  leaseMinutes: number;
  readyAt: number;
  isStopped: boolean;
}

const TOKEN_LIFETIME_MS = 24 * 60 * MINUTE_MS;

const leaseOf = (body: string): number => {
  const { maxLeaseTimeMinutes }: { maxLeaseTimeMinutes: number } = JSON.parse(body);
  return maxLeaseTimeMinutes;
};

const propertiesOf = (id: string, { leaseMinutes, readyAt, isStopped }: Server, now: number): object => ({
  ...{ id, size: 'Standard', status: isStopped ? 'Stopped' : 'Ready', maxLeaseTimeMinutes: leaseMinutes },
  ...{ elapsedTimeMinutes: Math.floor((now - readyAt) / MINUTE_MS), creationTime: creationOf(readyAt) },
  ...{ hostname: `${id}.example`, handshakePort: 50_051, arrInspectorPort: 50_052, teraflops: 8 },
});

const creationOf = (at: number): string => new Date(at).toISOString().replace('Z', '0000+00:00');

const tokenUntil = (at: number): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ exp: Math.floor(at / 1000) })}.`;
};

const answerOf = (status: number, body: object): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
});
