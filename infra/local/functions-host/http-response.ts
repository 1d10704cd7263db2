import type { ServerResponse } from 'node:http';
import type { CookieDatum, Datum } from './core-types.ts';

/** These describe the connection or the framing, which are the server's. */
const OWN_HEADERS = ['connection', 'content-length', 'keep-alive', 'set-cookie', 'transfer-encoding'];

const BODILESS = [204, 205, 304];

/** A cookie as Azure's server writes it: name and value escaped, and the path `/` where none is given. */
export const cookieText = (cookie: CookieDatum): string => {
  const { expires, maxAge, domain, path, secure, httpOnly } = cookie;
  const sameSite = { none: '', lax: 'lax', strict: 'strict', explicitNone: 'none' }[
    cookie.sameSite ?? 'none'
  ];
  const attributes = [
    expires?.value ? `expires=${new Date(expires.value.seconds * 1000).toUTCString()}` : '',
    typeof maxAge?.value === 'number' ? `max-age=${maxAge.value}` : '',
    domain?.value ? `domain=${domain.value}` : '',
    `path=${path?.value ?? '/'}`,
    secure?.value ? 'secure' : '',
    sameSite === '' ? '' : `samesite=${sameSite}`,
    httpOnly?.value ? 'httponly' : '',
  ];
  const pair = `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`;
  return [pair, ...attributes.filter((attribute) => attribute !== '')].join('; ');
};

const bodyOf = (datum: Datum | null | undefined): Uint8Array => {
  if (datum === null || datum === undefined) return new Uint8Array();
  if (datum.bytes instanceof Uint8Array) return datum.bytes;
  if (typeof datum.string === 'string') return Buffer.from(datum.string);
  throw new TypeError(`an HTTP body cannot be of the kind ${Object.keys(datum).join(', ')}`);
};

/** Answers with a status and nothing else. */
export const answerEmpty = (response: ServerResponse, status: number): void => {
  response.statusCode = status;
  if (status !== 204 && status !== 304) response.setHeader('content-length', 0);
  response.end();
};

/**
 * Answers with what a function has returned; a function that returned nothing has answered 204.
 * Throws before anything is sent if the value is no HTTP response.
 */
export const answer = (response: ServerResponse, value: Datum | null | undefined): void => {
  if (value === null || value === undefined) {
    answerEmpty(response, 204);
    return;
  }
  const { http } = value;
  if (http === null || http === undefined)
    throw new TypeError('the function did not return an HTTP response');
  const status = Number(http.statusCode ?? 200);
  const body = bodyOf(http.body);
  const headers = Object.entries(http.headers ?? {});
  const cookies = [
    ...headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, text]) => text),
    ...(http.cookies ?? []).map(cookieText),
  ];
  for (const [name, text] of headers) {
    if (!OWN_HEADERS.includes(name.toLowerCase())) response.setHeader(name, text);
  }
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  if (BODILESS.includes(status)) {
    answerEmpty(response, status);
    return;
  }
  response.statusCode = status;
  response.setHeader('content-length', body.length);
  response.end(body);
};
