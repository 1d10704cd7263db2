/** What the session API answers, as data: the words in which the tables of exchanges are written. */

export type SideName = 'keeper' | 'session host';

/** `none`: the Secure Token Service, and what is in neither generation. */
export type Generation = 'none' | 'v1' | '2021';

/**
 * Where an exchange takes place. Each place has an account of its own, and another one whose tokens are not good here.
 *
 * - `fast`: a session is Ready a moment after its create
 * - `slow`: sessions stay Starting, and there is no server of size Premium
 * - `throttled`: calls are not allowed as often as they come here
 * - `gone`: the keeper's upstream does not answer any more
 */
export type PlaceName = 'fast' | 'slow' | 'throttled' | 'gone';

export type State = 'Starting' | 'Ready' | 'Stopped' | 'Expired' | 'Error';

/** The session that `{id}` stands for: of size Standard with a lease of four hours, if its state allows that. */
export interface Given {
  state: State;
  /** The generation it was made with; the exchange's own where nothing is said. */
  madeBy?: 'v1' | '2021';
  /** Exchanges that only read, or are refused, share one session. */
  isOwn?: boolean;
}

/**
 * Paths, headers and bodies may have `{account}`, `{other}` (the account whose token is not good here), `{id}`,
 * `{created}` (the id that the last create of generation 1 answered with), `{new}` (a fresh GUID for each exchange),
 * `{unknown}`, `{key}` and `{token}` in them, and `{ACCOUNT}`, `{ID}` and `{NEW}` in upper case.
 */
export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** Beside the token and, with a body, `Content-Type: application/json`; null leaves one of them out. */
  headers?: Readonly<Record<string, string | null>>;
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown;
}

/** Everything else follows from status, method and generation, and is checked with each answer. */
export interface Expected {
  status: number;
  /** Absent: there is no body. */
  body?: 'token' | 'created' | 'session' | 'list' | 'heartbeat' | 'error';
  /** What the body has at least. */
  has?: Readonly<Record<string, unknown>>;
  /** What an error says at least. */
  error?: Readonly<{ code: string; target?: string; message?: string | RegExp; details?: readonly string[] }>;
  /** Ids that a list has, and ids that it has not. */
  lists?: Readonly<{ these?: readonly string[]; notThese?: readonly string[] }>;
  headers?: Readonly<Record<string, RegExp>>;
}

/** The two sides answer differently here, and may. */
export interface Differing {
  because: string;
  keeper: Expected;
  'session host': Expected;
}

export interface Step {
  request: Request;
  /** Absent: it only prepares what follows, and may be answered in any way. */
  expected?: Expected | Differing;
}

export interface Exchange {
  /** A sentence. */
  name: string;
  generation: Generation;
  given?: Given;
  /** Where nothing is said: the place where the given session comes to its state, or else `slow`. */
  at?: PlaceName;
  /** One side alone has this. */
  only?: { side: SideName; because: string };
  steps: readonly Step[];
}

/** The expectation of one side. */
export const expectedOn = (side: SideName, expected: Expected | Differing): Expected =>
  'because' in expected ? expected[side] : expected;

/** Refusals that name the field at fault. */
export const badRequest = (target?: string, message?: string | RegExp): Expected => ({
  status: 400,
  body: 'error',
  error: {
    code: 'BadRequest',
    ...(target === undefined ? {} : { target }),
    ...(message === undefined ? {} : { message }),
  },
});

export const notFound: Expected = { status: 404, body: 'error', error: { code: 'SessionNotFound' } };
