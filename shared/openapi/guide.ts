import { TOKEN_LIFETIME_SECONDS } from '../auth.ts';
import { API_VERSION } from '../protocol/api-version.ts';
import { MAX_BODY_BYTES } from '../protocol/body.ts';
import { MAX_CREATE_LEASE_MINUTES, MAX_EXTENDED_LEASE_MINUTES } from '../protocol/vocabulary.ts';
import { RETENTION_MS } from '../session.ts';
import { BURST_SECONDS } from '../throttle.ts';

/** What somebody who wants to use the API has to know before its calls, in the little Markdown that the page renders. */

const DAY_MS = 24 * 60 * 60_000;

export const TITLE = 'Lease keeper';
export const SUMMARY =
  'Keeps rented GPU render sessions alive while they are wanted, and stops them when they are not.';

export const GUIDE = `A rented GPU render session is billed until somebody stops it, and is taken away when its lease ends. The lease keeper stands in front of the service that owns the servers: it extends the leases of the sessions that are wanted, and stops those that nobody uses. It speaks the session REST API of Azure Remote Rendering, so that existing apps change nothing but the endpoint; what it adds are a few optional fields, a \`keeper\` object in what it shows, and a heartbeat.

## A session from its start to its end

1. Get a token with the key of your account. It is good for ${TOKEN_LIFETIME_SECONDS / 3600} hours, and goes with every other call as \`Authorization: Bearer TOKEN\`.
2. Create a session: a size, a lease, and what you wish of the keeper. Starting takes minutes.
3. Read its properties every few seconds until it is \`Ready\`; then a client can connect to its host.
4. Use it. Reading its properties now and then shows the keeper that somebody does; an app that has no need to read sends heartbeats.
5. Stop it when you are done. If you forget, or cannot, the keeper does.

## Status

\`Starting\` becomes \`Ready\`, and every session ends as \`Stopped\` (on somebody's wish, or the keeper's), \`Expired\` (its lease ended) or \`Error\` (it did not start, or failed). Those three are terminal: a session never leaves them, and a new one has to be created. The generation v1 also knows \`Stopping\`, while a stop is being confirmed; the other one goes on to show what the session was until then. What is known of a session can be read for ${RETENTION_MS / DAY_MS} days after its end.

## The lease is a total

A lease counts from Ready, as does billing, and is always the total: who has one hour and wants another asks for two. It can only grow. A create may ask for ${MAX_CREATE_LEASE_MINUTES} minutes, an extension for ${MAX_EXTENDED_LEASE_MINUTES}. When it ends the session is \`Expired\` and its server is taken back. What is shown as the lease may be more than you asked for, because the keeper has extended it.

## Keep-alive

With \`keepAlive\` the keeper extends the lease whenever it runs low, whatever becomes of the client, until the session is idle, is stopped, has reached its longest lifetime, or has the longest lease that there is. Such a session can begin with a short lease.

## Idle

A session that nobody uses for its idle timeout is stopped. That goes for sessions that can be told from abandoned ones: whose client named an idle timeout itself, asked for keep-alive, or has been seen to call again once the session was Ready for a while. Any other just runs to the end of its lease. \`maxLifetime\` stops a session in any case, used or not.

## What counts as use

A heartbeat, reading a session's properties, and changing it. Listing sessions does not. Whoever only watches (a monitor, a dashboard) sends \`X-Keeper-Activity: none\` with a read or a change, and then that is no use either. After an idle session was decided to be stopped, use comes too late.

## What the keeper will do next

\`keeper.next\` says what the keeper will do about the session, when, and why: \`{ "action": "stop", "at": "…", "because": "idle" }\` is when it will be stopped unless it is used before. It is what follows from all that is known now, and changes with use. Looks at the server, which change nothing, are shown only where nothing else is ahead.

## Two generations

The generation v1 has \`/v1\` in its paths, writes time spans such as \`04:00:00\`, and chooses the ids of new sessions. The generation ${API_VERSION} has \`api-version\` in its query, counts minutes, and lets clients choose the ids, so that a create can be repeated safely. Both show the same sessions.

## Details

- Paths are good in any letter case, but for session ids, and with a slash at the end.
- A body is JSON, or JSON5: single quotes, comments and bare names are good. It has at most ${MAX_BODY_BYTES} bytes; unknown fields are ignored, and its content type does not matter. An empty one is an empty object.
- Errors have a body with a \`code\` for machines and a \`message\` for people; a path or a method that is not in this document gets 404 and the code \`NotFound\`.
- Each account has a rate for reading calls, one for changing calls and one for heartbeats, with bursts of ${BURST_SECONDS} seconds' worth. What comes faster gets 429.
- 429 and 503 say in \`Retry-After\` when the same call makes sense again.
- Every answer has an \`MS-CV\`. One without it is not the keeper's but that of the platform around it, as for a path that cannot be read (400).`;

export const TAGS = {
  Tokens: 'Proof of who is calling.',
  'Sessions v1': 'The first generation: time spans, and ids that the keeper chooses.',
  'Sessions 2021-01-01': 'The second generation: minutes, pages, and ids that clients choose.',
  Service: 'The service itself. Everybody may ask.',
} as const;
export type TagName = keyof typeof TAGS;
