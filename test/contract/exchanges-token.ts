import type { Exchange, Expected, Request } from './exchange.ts';

/** The Secure Token Service: `GET {sts}/accounts/{accountId}/token`. */

const withKey = { Authorization: 'Bearer {account}:{key}' };
const get = (path: string, headers: Request['headers'] = withKey): Request => ({
  method: 'GET',
  path,
  headers,
});

const given: Expected = { status: 200, body: 'token' };
/** Neither the account nor the key is told to be the wrong one. */
const refused: Expected = { status: 401, headers: { 'Content-Length': /^0$/ } };

const exchange = (name: string, request: Request, expected: Expected): Exchange => ({
  name,
  generation: 'none',
  steps: [{ request, expected }],
});

const path = '/accounts/{account}/token';

export const tokenExchanges: readonly Exchange[] = [
  exchange('a token is given for the account key', get(path), given),
  exchange(
    'a token is given to the client libraries, which write Accounts and name a version',
    get('/Accounts/{account}/token?api-version=2019-02-28-preview', { ...withKey, 'X-MRC-CV': 'aB3/+0.12' }),
    given,
  ),
  exchange(
    'a token is given to the sample script, which sends a Content-Type',
    get(path, { ...withKey, 'Content-Type': 'application/json' }),
    given,
  ),
  exchange('a token is given at a path with a trailing slash', get(`${path}/`), given),
  exchange(
    'a token is given for an account in capitals',
    get('/Accounts/{ACCOUNT}/token', { Authorization: 'Bearer {ACCOUNT}:{key}' }),
    given,
  ),
  exchange('a wrong key gets no token', get(path, { Authorization: 'Bearer {account}:d3Jvbmc=' }), refused),
  exchange(
    'a wrong key gets no token from the client libraries either',
    get('/Accounts/{account}/token?api-version=2019-02-28-preview', {
      Authorization: 'Bearer {account}:d3Jvbmc=',
      'X-MRC-CV': 'aB3/+0.12',
    }),
    refused,
  ),
  exchange(
    'an unknown account gets no token',
    get('/accounts/{unknown}/token', { Authorization: 'Bearer {unknown}:{key}' }),
    refused,
  ),
  exchange('the key of one account is not good for another', get('/accounts/{other}/token'), refused),
  exchange(
    'the key of one account is not good for another that the header names',
    get('/accounts/{other}/token', { Authorization: 'Bearer {other}:{key}' }),
    refused,
  ),
  exchange('a key without its account gets no token', get(path, { Authorization: 'Bearer {key}' }), refused),
  exchange('another scheme gets no token', get(path, { Authorization: 'Basic {account}:{key}' }), refused),
  exchange('no header gets no token', get(path, { Authorization: null }), refused),
  exchange('a token gets no token', get(path, {}), refused),
];
