import { EXAMPLE_SESSION_V1, exampleV1 } from './examples.ts';
import { HEARTBEAT } from './heartbeat.ts';
import { ACCOUNT_ERRORS, KEEPING_ERRORS, type OperationSpec } from './operation.ts';

/** The sessions of an account in the first generation, `v1`. */

const SESSIONS = '/v1/accounts/{accountId}/sessions';
const SESSION = `${SESSIONS}/{sessionId}`;

const common = { tag: 'Sessions v1', access: 'token' } as const;
const ofSession = { ...common, parameters: ['AccountId', 'SessionIdV1'] } as const;

export const OPERATIONS_V1: readonly OperationSpec[] = [
  {
    ...common,
    operationId: 'createSessionV1',
    method: 'post',
    path: `${SESSIONS}/create`,
    summary: 'Create a session',
    description:
      'Asks for a server, and answers at once with the id of the session. Read its properties until it is Ready, Expired or Error. Where the upstream cannot be reached now, the keeper goes on trying for a while by itself.\n\nA create that is repeated makes another session.',
    parameters: ['AccountId'],
    body: {
      schema: 'CreateSessionV1',
      examples: {
        'Four hours, longer while it is used': {
          maxLeaseTime: '4:0:0',
          size: 'standard',
          keepAlive: true,
          idleTimeoutMinutes: 45,
          tags: { team: 'powertrain' },
        },
        'As clients ask that know of no keeper': { maxLeaseTime: '4:0:0', models: [], size: 'standard' },
        'Stopped after ten minutes without use': {
          maxLeaseTime: '4:0:0',
          size: 'premium',
          idleTimeout: '0:10:0',
        },
      },
    },
    answers: [
      {
        status: 202,
        description: 'The session is asked for.',
        headers: ['Location'],
        body: { schema: 'SessionCreatedV1', examples: { 'The new id': { sessionId: EXAMPLE_SESSION_V1 } } },
      },
    ],
    errors: ['BadCreateV1', ...KEEPING_ERRORS, 'IdTakenV1', 'TooLarge', 'Failed', 'Unavailable'],
  },
  {
    ...common,
    operationId: 'listSessionsV1',
    method: 'get',
    path: SESSIONS,
    summary: 'List the active sessions',
    description:
      'All sessions of the account that are not over, of both generations. It is no use of any of them, and asks nothing of the upstream.',
    parameters: ['AccountId'],
    answers: [
      {
        status: 200,
        description: 'The sessions.',
        body: {
          schema: 'SessionListV1',
          examples: { 'One session': { sessions: [exampleV1('ready')] }, None: { sessions: [] } },
        },
      },
    ],
    errors: ['BadAccount', ...ACCOUNT_ERRORS, 'Failed', 'Unavailable'],
  },
  {
    ...ofSession,
    operationId: 'getSessionV1',
    method: 'get',
    path: `${SESSION}/properties`,
    summary: "Read a session's properties",
    description:
      'The session as it is, with what the keeper will do about it next. Reading counts as use, unless `X-Keeper-Activity: none` says otherwise. Something that is due is done first, within two seconds.',
    parameters: [...ofSession.parameters, 'Activity'],
    answers: [
      {
        status: 200,
        description: 'The session, living or ended.',
        body: {
          schema: 'SessionV1',
          examples: {
            Ready: exampleV1('ready'),
            Starting: exampleV1('starting'),
            'Stopped because idle': exampleV1('idle'),
            'Did not start': exampleV1('unstarted'),
          },
        },
      },
    ],
    errors: ['BadAccount', ...ACCOUNT_ERRORS, 'NoSuchSession', 'SessionFailed', 'UseUnavailable'],
  },
  {
    ...ofSession,
    operationId: 'updateSessionV1',
    method: 'patch',
    path: SESSION,
    summary: 'Extend a session, or change its wishes',
    description:
      "Sets a longer lease, as a total since Ready, and the keeper's fields. It counts as use, unless `X-Keeper-Activity: none` says otherwise. A session may be changed while it is Starting.\n\nA lease is answered yes only when the upstream has granted it, or will be asked for it as soon as it has confirmed the session.",
    parameters: [...ofSession.parameters, 'Activity'],
    body: {
      schema: 'UpdateSessionV1',
      examples: {
        'Five hours in all': { maxLeaseTime: '5:0:0' },
        'Keep it alive': { keepAlive: true },
        'Never idle': { idleTimeout: null },
      },
    },
    answers: [{ status: 200, description: 'The session is changed.' }],
    errors: [
      'BadUpdateV1',
      ...KEEPING_ERRORS,
      'NoSuchSession',
      'SessionOver',
      'TooLarge',
      'SessionFailed',
      'ChangeUnavailable',
    ],
  },
  {
    ...ofSession,
    operationId: 'stopSessionV1',
    method: 'delete',
    path: SESSION,
    summary: 'Stop a session',
    description:
      'Wants the session stopped, for good. The keeper repeats the stop until it is confirmed. To stop a session again, or one that is over, is harmless.',
    answers: [{ status: 204, description: 'The session is stopped, or will be.' }],
    errors: ['BadAccount', ...ACCOUNT_ERRORS, 'NoSuchSession', 'SessionFailed', 'UseUnavailable'],
  },
  {
    ...ofSession,
    operationId: 'heartbeatV1',
    method: 'post',
    path: `${SESSION}/heartbeat`,
    ...HEARTBEAT,
    errors: [
      'BadAccount',
      ...ACCOUNT_ERRORS,
      'NoSuchSession',
      'SessionOver',
      'SessionFailed',
      'UseUnavailable',
    ],
  },
];
