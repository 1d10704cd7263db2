import { API_VERSION } from '../protocol/api-version.ts';
import { PAGE_SIZE } from '../protocol/session-2021.ts';
import { EXAMPLE_ACCOUNT, EXTENDED_MINUTES, example2021 } from './examples.ts';
import { HEARTBEAT } from './heartbeat.ts';
import { ACCOUNT_ERRORS, KEEPING_ERRORS, type OperationSpec } from './operation.ts';

/** The sessions of an account in the second generation, `2021-01-01`. */

const SESSIONS = '/accounts/{accountId}/sessions';
const SESSION = `${SESSIONS}/{sessionId}`;

const common = { tag: 'Sessions 2021-01-01', access: 'token', isVersioned: true } as const;
const ofSession = { ...common, parameters: ['AccountId', 'SessionId', 'ApiVersion'] } as const;

export const OPERATIONS_2021: readonly OperationSpec[] = [
  {
    ...ofSession,
    operationId: 'createSession',
    method: 'put',
    path: SESSION,
    summary: 'Create a session',
    description:
      'Asks for a server under an id of your choice, and answers at once. Read the session until it is Ready, Expired or Error. Where the upstream cannot be reached now, the keeper goes on trying for a while by itself.\n\nA create may be repeated: the same words under the same id are answered with the session that they made before, whatever has become of it since.',
    body: {
      schema: 'CreateSession',
      examples: {
        'Four hours, longer while it is used': {
          maxLeaseTimeMinutes: 240,
          size: 'Standard',
          keepAlive: true,
          idleTimeoutMinutes: 45,
          tags: { team: 'powertrain' },
        },
        'As clients ask that know of no keeper': { maxLeaseTimeMinutes: 240, size: 'Standard' },
        'Stopped after ten minutes without use': {
          maxLeaseTimeMinutes: 240,
          size: 'Premium',
          idleTimeout: '0:10:0',
        },
      },
    },
    answers: [
      {
        status: 201,
        description: 'The session is asked for.',
        body: { schema: 'Session', examples: { Starting: example2021('starting') } },
      },
      {
        status: 200,
        description: 'The same words made this session before.',
        body: { schema: 'Session', examples: { Ready: example2021('ready') } },
      },
    ],
    errors: ['BadCreate', ...KEEPING_ERRORS, 'IdTaken', 'TooLarge', 'SessionFailed', 'Unavailable'],
  },
  {
    ...common,
    operationId: 'listSessions',
    method: 'get',
    path: SESSIONS,
    summary: 'List the active sessions',
    description: `The sessions of the account that are Starting or Ready, of both generations, in pages of at most ${PAGE_SIZE}. While there is an \`@nextLink\` there is more: get that address, with the same token. It is no use of any session, and asks nothing of the upstream.`,
    parameters: ['AccountId', 'ApiVersion', 'Continuation'],
    answers: [
      {
        status: 200,
        description: 'A page of the sessions.',
        body: {
          schema: 'SessionList',
          examples: {
            'Last page': { sessions: [example2021('ready')] },
            'There is more': {
              sessions: [example2021('ready')],
              '@nextLink': `https://keeper.example/accounts/${EXAMPLE_ACCOUNT}/sessions?api-version=${API_VERSION}&continuation=eyJhbGciOiJIUzI1NiJ9.eyJhZnRlciI6ImVuZ2luZS1yZXZpZXctNyJ9.c2lnbmF0dXJl`,
            },
          },
        },
      },
    ],
    errors: ['BadListCall', ...ACCOUNT_ERRORS, 'Failed', 'Unavailable'],
  },
  {
    ...ofSession,
    operationId: 'getSession',
    method: 'get',
    path: SESSION,
    summary: "Read a session's properties",
    description:
      'The session as it is, with what the keeper will do about it next. Reading counts as use, unless `X-Keeper-Activity: none` says otherwise. Something that is due is done first, within two seconds.',
    parameters: [...ofSession.parameters, 'Activity'],
    answers: [
      {
        status: 200,
        description: 'The session, living or ended.',
        body: {
          schema: 'Session',
          examples: {
            Ready: example2021('ready'),
            Starting: example2021('starting'),
            'Stopped because idle': example2021('idle'),
            'Did not start': example2021('unstarted'),
          },
        },
      },
    ],
    errors: ['BadCall', ...ACCOUNT_ERRORS, 'NoSuchSession', 'SessionFailed', 'UseUnavailable'],
  },
  {
    ...ofSession,
    operationId: 'updateSession',
    method: 'patch',
    path: SESSION,
    summary: 'Extend a session, or change its wishes',
    description:
      "Sets a longer lease, as a total since Ready, and the keeper's fields. It counts as use, unless `X-Keeper-Activity: none` says otherwise. A session may be changed while it is Starting.\n\nA lease is answered yes only when the upstream has granted it, or will be asked for it as soon as it has confirmed the session.",
    parameters: [...ofSession.parameters, 'Activity'],
    body: {
      schema: 'UpdateSession',
      examples: {
        'Five hours in all': { maxLeaseTimeMinutes: EXTENDED_MINUTES },
        'Keep it alive': { keepAlive: true },
        'Never idle': { idleTimeoutMinutes: null },
      },
    },
    answers: [
      {
        status: 200,
        description: 'The session as it is now.',
        body: { schema: 'Session', examples: { Extended: example2021('extended') } },
      },
    ],
    errors: [
      'BadUpdate',
      ...KEEPING_ERRORS,
      'NoSuchSession',
      'TooLarge',
      'LeaseRefused',
      'SessionFailed',
      'ChangeUnavailable',
    ],
  },
  {
    ...ofSession,
    operationId: 'stopSession',
    method: 'post',
    path: `${SESSION}/:stop`,
    summary: 'Stop a session',
    description:
      'Wants the session stopped, for good. The keeper repeats the stop until it is confirmed. To stop a session again, or one that is over, is harmless. A body is not looked at.',
    answers: [{ status: 204, description: 'The session is stopped, or will be.' }],
    errors: ['BadCall', ...ACCOUNT_ERRORS, 'NoSuchSession', 'SessionFailed', 'UseUnavailable'],
  },
  {
    ...ofSession,
    operationId: 'heartbeat',
    method: 'post',
    path: `${SESSION}/heartbeat`,
    ...HEARTBEAT,
    errors: ['BadCall', ...ACCOUNT_ERRORS, 'NoSuchSession', 'SessionOver', 'SessionFailed', 'UseUnavailable'],
  },
];
