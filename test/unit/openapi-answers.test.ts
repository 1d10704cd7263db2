import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../shared/openapi/document.ts';
import { exampleV1 } from '../../shared/openapi/examples.ts';
import { validateAgainstOpenApi } from '../openapi.ts';

/** The check that other tests hold every answer against: it must see what is wrong. */

const check = validateAgainstOpenApi(openApiDocument({ version: '1.2.3' }));

const ACCOUNT = '9f0d5e1c-7f3a-4a52-9c1e-2b64d1a0c7e5';
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };
const COMMON = { 'MS-CV': 'WlpaWlpaWlpaWlpaWlpaWg.0', 'X-Content-Type-Options': 'nosniff' };
const READ = { ...COMMON, 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' };
const SHOWN = { ...READ, ...JSON_TYPE };
const VERSIONS = { 'api-supported-versions': '2021-01-01-preview, 2021-01-01' };
const error = (code: string): string => JSON.stringify({ error: { code, message: 'm' } });
const session = JSON.stringify(exampleV1('ready'));
const list = `/v1/accounts/${ACCOUNT}/sessions`;
const one = `${list}/s1`;

describe('an answer is good', () => {
  it.each<[string, string, number, Record<string, string>, string]>([
    ['GET', `http://127.0.0.1:1${one}/properties?x=1`, 200, SHOWN, session],
    ['get', `${one.toUpperCase()}/PROPERTIES/`, 200, SHOWN, session],
    ['GET', `${list}/create/properties`, 200, SHOWN, session],
    ['GET', list, 200, SHOWN, '{"sessions":[]}'],
    ['PATCH', one, 200, COMMON, ''],
    ['DELETE', one, 204, COMMON, ''],
    ['DELETE', one, 404, { ...COMMON, ...JSON_TYPE }, error('SessionNotFound')],
    ['GET', `/Accounts/${ACCOUNT}/token`, 401, { ...READ, 'WWW-Authenticate': 'Bearer' }, ''],
    [
      'POST',
      `/accounts/${ACCOUNT}/sessions/s1/%3Astop?api-version=2021-01-01`,
      204,
      { ...COMMON, ...VERSIONS },
      '',
    ],
    ['HEAD', '/health', 200, SHOWN, ''],
    // No such route, or no such method there.
    ['GET', '/nowhere', 404, SHOWN, error('NotFound')],
    ['PUT', list, 404, { ...COMMON, ...JSON_TYPE }, error('NotFound')],
    // The platform's own answers.
    ['GET', '/v1/accounts/%ZZ/sessions', 400, {}, ''],
    ['PATCH', one, 413, {}, ''],
  ])('%s %s %i', (method, url, status, headers, body) => {
    expect(check(method, url, status, headers, body)).toEqual([]);
    expect(check(method, url, status, new Headers(headers), body)).toEqual([]);
  });
});

describe('an answer is not good', () => {
  const broken = JSON.stringify({ ...exampleV1('ready'), sessionStatus: 'Sleeping', extra: 1 });
  it.each<[string, string, string, number, Record<string, string>, string, RegExp]>([
    ['with an unknown status', 'GET', list, 418, SHOWN, error('x'), /status 418 is not described/],
    ['with a value that is none', 'GET', `${one}/properties`, 200, SHOWN, broken, /sessionStatus/],
    ['with an unknown field', 'GET', `${one}/properties`, 200, SHOWN, broken, /extra/],
    ['with no JSON', 'GET', list, 200, SHOWN, '{', /no JSON/],
    ['with a body that is none', 'GET', list, 200, SHOWN, '', /no JSON/],
    ['with a body where none belongs', 'DELETE', one, 204, COMMON, '{}', /a body where none/],
    ['with a body for HEAD', 'HEAD', '/health', 200, SHOWN, '{}', /a body/],
    [
      'without a header',
      'PATCH',
      one,
      200,
      { 'MS-CV': COMMON['MS-CV'] },
      '',
      /X-Content-Type-Options is missing/,
    ],
    ['without a correlation vector', 'PATCH', one, 200, { 'X-Content-Type-Options': 'nosniff' }, '', /MS-CV/],
    ['with a wrong header', 'PATCH', one, 200, { ...COMMON, 'MS-CV': 'x' }, '', /MS-CV/],
    ['without Retry-After', 'GET', list, 503, SHOWN, error('x'), /Retry-After is missing/],
    [
      'with a wrong Retry-After',
      'GET',
      list,
      429,
      { ...SHOWN, 'Retry-After': '1.5' },
      error('x'),
      /Retry-After/,
    ],
    ['with a wrong type', 'GET', list, 200, { ...READ, 'Content-Type': 'text/plain' }, '{}', /content type/],
    [
      'with another charset',
      'GET',
      list,
      200,
      { ...READ, 'Content-Type': 'application/json' },
      '{"sessions":[]}',
      /UTF-8/,
    ],
    ['on no path, that succeeds', 'GET', '/nowhere', 200, SHOWN, '{}', /status 200/],
    ['on no path, without an error', 'GET', '/nowhere', 404, SHOWN, '{}', /error/],
    ['of the platform, without reason', 'GET', list, 400, {}, '', /MS-CV/],
  ])('%s', (_, method, url, status, headers, body, said) => {
    expect(check(method, url, status, headers, body).join('\n')).toMatch(said);
  });
});
