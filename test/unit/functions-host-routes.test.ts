import { describe, expect, test } from 'vitest';
import {
  createRouter,
  decodePath,
  parseTemplate,
  RouteError,
} from '../../infra/local/functions-host/routes.ts';

const TEMPLATES = [
  'v1/accounts/{accountId}/sessions/create',
  'v1/accounts/{accountId}/sessions/{sessionId}',
  'v1/accounts/{accountId}/sessions/{sessionId}/properties',
  'accounts/{accountId}/sessions/{sessionId}/:stop',
  'Mixed/Case',
  'files/{*rest}',
  'files/known/{name}',
  'files/known/readme',
  'trailing/',
  '',
];

const route = createRouter(TEMPLATES.map((template) => ({ template, methods: ['GET'], target: template })));

describe('a path finds its template', () => {
  test.each<[path: string, template: string, params: Record<string, string>]>([
    ['/v1/accounts/a/sessions/create', 'v1/accounts/{accountId}/sessions/create', { accountId: 'a' }],
    ['/V1/Accounts/A/SESSIONS/Create', 'v1/accounts/{accountId}/sessions/create', { accountId: 'A' }],
    [
      '/v1/accounts/a/sessions/b/',
      'v1/accounts/{accountId}/sessions/{sessionId}',
      { accountId: 'a', sessionId: 'b' },
    ],
    [
      '/v1/accounts/a/sessions/create/properties',
      'v1/accounts/{accountId}/sessions/{sessionId}/properties',
      { accountId: 'a', sessionId: 'create' },
    ],
    [
      '/accounts/a/sessions/b/:STOP',
      'accounts/{accountId}/sessions/{sessionId}/:stop',
      { accountId: 'a', sessionId: 'b' },
    ],
    [
      '/accounts/a/sessions/b/%3Astop',
      'accounts/{accountId}/sessions/{sessionId}/:stop',
      { accountId: 'a', sessionId: 'b' },
    ],
    [
      '/v1/accounts/a%20b/sessions/%C3%A4',
      'v1/accounts/{accountId}/sessions/{sessionId}',
      { accountId: 'a b', sessionId: 'ä' },
    ],
    [
      '/v1/accounts/a%2Fb/sessions/c%2fd%25',
      'v1/accounts/{accountId}/sessions/{sessionId}',
      { accountId: 'a%2Fb', sessionId: 'c%2fd%' },
    ],
    ['/mixed/%43ASE', 'Mixed/Case', {}],
    ['/files', 'files/{*rest}', { rest: '' }],
    ['/files/', 'files/{*rest}', { rest: '' }],
    ['/files/a/b%20c/d', 'files/{*rest}', { rest: 'a/b c/d' }],
    ['/files/known', 'files/{*rest}', { rest: 'known' }],
    ['/files/known/other', 'files/known/{name}', { name: 'other' }],
    ['/files/known/README', 'files/known/readme', {}],
    ['/files/known/readme/more', 'files/{*rest}', { rest: 'known/readme/more' }],
    ['/trailing', 'trailing/', {}],
    ['/trailing/', 'trailing/', {}],
    ['/', '', {}],
  ])('%s', (path, template, params) => {
    expect(route('GET', path)).toEqual({ type: 'found', target: template, params });
  });

  test.each([
    '/v1',
    '/v1/accounts/a/sessions',
    '/v1/accounts//sessions/create',
    '//v1/accounts/a/sessions/create',
    '/v1/accounts/a/sessions/b//',
    '/accounts/a/sessions/b/stop',
    '/mixed/case/more',
    '/mixed%2Fcase',
  ])('%s finds none', (path) => {
    expect(route('GET', path)).toEqual({ type: 'none' });
  });

  test.each([
    '/%',
    '/files/%zz',
    '/files/%2',
    '/files/%C3',
    '/files/%FF/a',
    '/files/a%00b',
    '/nowhere/%E0%A4%A',
  ])('%s is malformed', (path) => {
    expect(route('GET', path)).toEqual({ type: 'malformed' });
    expect(decodePath(path)).toBeUndefined();
  });
});

describe('methods', () => {
  const choose = createRouter([
    { template: 'a/{b}', methods: ['GET', 'DELETE'], target: 'parameter' },
    { template: 'a/b', methods: ['POST'], target: 'literal' },
    { template: '{*all}', methods: ['PUT'], target: 'rest' },
  ]);

  test.each([
    ['GET', '/a/b', 'parameter'],
    ['DELETE', '/a/c', 'parameter'],
    ['POST', '/a/b', 'literal'],
    ['PUT', '/a/b', 'rest'],
    ['PUT', '/', 'rest'],
  ])('%s %s', (method, path, target) => {
    expect(choose(method, path)).toMatchObject({ type: 'found', target });
  });

  test('a path that only other methods have is not found, and HEAD is not GET', () => {
    expect(choose('POST', '/a/c')).toEqual({ type: 'none' });
    expect(choose('HEAD', '/a/b')).toEqual({ type: 'none' });
  });
});

describe('templates', () => {
  test.each([
    ['/a', /starts with a slash/],
    ['a//b', /empty segment/],
    ['{a:int}', /not supported/],
    ['{a?}', /not supported/],
    ['{a=1}', /not supported/],
    ['{a}.{b}', /not supported/],
    ['{a}:stop', /not supported/],
    ['{*a}/b', /not its last/],
    ['{a}/{A}', /twice/],
    ['{}', /not supported/],
  ])('%s is refused', (template, message) => {
    expect(() => parseTemplate(template)).toThrow(RouteError);
    expect(() => parseTemplate(template)).toThrow(message);
  });

  test('two that match the same requests are refused, whatever their parameters are called', () => {
    const target = 'any';
    const routes = [
      { template: 'a/{b}/c', methods: ['GET', 'PUT'], target },
      { template: 'A/{x}/C', methods: ['POST', 'PUT'], target },
    ];
    expect(() => createRouter(routes)).toThrow(/both match PUT/);
    expect(() =>
      createRouter(routes.map((one, index) => ({ ...one, methods: [`M${index}`] }))),
    ).not.toThrow();
  });

  test('the order of registration does not matter', () => {
    const paths = ['/files/known/readme', '/files/known/x', '/files/x', '/trailing', '/'];
    const reversed = createRouter(
      TEMPLATES.toReversed().map((template) => ({ template, methods: ['GET'], target: template })),
    );
    for (const path of paths) expect(reversed('GET', path)).toEqual(route('GET', path));
  });
});
