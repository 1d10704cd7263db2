import type { IncomingMessage } from 'node:http';
import type { HttpDatum, Nullable } from './core-types.ts';

/** Somewhat more than any request of this app; Azure itself takes 100 MB. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

type NullableMap = Readonly<Record<string, Nullable<string>>>;

const nullable = (entries: Iterable<readonly [string, string]>): NullableMap =>
  Object.fromEntries([...entries].map(([key, value]) => [key, { value }]));

/**
 * The URL that a request asks for, or undefined if its target or its Host header is malformed.
 * Only a path is taken as a target; `new URL` also takes `.` and `..` out of it, as Azure's server does.
 */
export const requestUrl = (request: IncomingMessage, fallbackHost: string): URL | undefined => {
  const host = request.headers.host ?? fallbackHost;
  const target = request.url ?? '';
  // Checked first, because anything else would be read as another part of the URL.
  if (!/^[\w.:[\]-]+$/.test(host) || !target.startsWith('/')) return undefined;
  return URL.parse(`http://${host}${target}`) ?? undefined;
};

/** Whether the request says itself that its body is larger than the maximum. */
export const announcesTooMuch = (request: IncomingMessage): boolean =>
  Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES;

/** The body, or undefined if it turns out to be larger than the maximum. */
export const readBody = async (request: IncomingMessage): Promise<Uint8Array | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without this option, leaving the loop would cut the connection before the answer is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const queryOf = (url: URL): NullableMap => {
  const query = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    const before = query.get(key);
    query.set(key, before === undefined ? value : `${before},${value}`);
  }
  return nullable(query);
};

const headersOf = (request: IncomingMessage): NullableMap =>
  nullable(Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(',')]));

/** A request as the library expects it from Azure's worker: repeated headers and query keys joined by commas. */
export const requestDatum = (
  request: IncomingMessage,
  url: URL,
  params: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): HttpDatum => ({
  url: url.href,
  method: request.method ?? 'GET',
  nullableHeaders: headersOf(request),
  nullableQuery: queryOf(url),
  nullableParams: nullable(Object.entries(params)),
  body: body === undefined || body.length === 0 ? null : { bytes: body },
});
