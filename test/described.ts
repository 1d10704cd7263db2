import { openApiDocument } from '../shared/openapi/document.ts';
import type { OpenApiDocument } from '../shared/openapi/types.ts';
import { type CheckAnswer, validateAgainstOpenApi } from './openapi.ts';

/**
 * Holds every answer that a test gets to the description of the API. A stack or a session host that a test starts is
 * named here, and from then on each `fetch` of it is checked: the test fails at the call, and again when the side is
 * taken away, because some tests take a failed call for an outage.
 */

export type DescribedSide = 'keeper' | 'session host';

const sides = new Map<string, { check: CheckAnswer; problems: string[] }>();

export const holdToDescription = (origin: string, side: DescribedSide): void => {
  sides.set(origin, { check: checks[side](), problems: [] });
  watchFetch();
};

/** @throws Error with what was wrong with its answers */
export const releaseFromDescription = (origin: string): void => {
  const { problems = [] } = sides.get(origin) ?? {};
  sides.delete(origin);
  if (problems.length > 0) throw new Error(problems.join('\n'));
};

/** What is wrong with an answer of this side, in one text; undefined where nothing is. */
export const problemOf = (
  origin: string,
  ...[method, url, status, headers, text]: Parameters<CheckAnswer>
): string | undefined => {
  const side = sides.get(origin);
  const faults = side?.check(method, url, status, headers, text) ?? [];
  if (side === undefined || faults.length === 0) return undefined;
  const problem = `${method} ${url} was answered with ${status}, not as described: ${faults.join('; ')}`;
  side.problems.push(problem);
  return problem;
};

const document = openApiDocument({ version: 'test' });
let keeper: CheckAnswer | undefined;
let sessionHost: CheckAnswer | undefined;

const checks: Record<DescribedSide, () => CheckAnswer> = {
  keeper: () => {
    keeper ??= validateAgainstOpenApi(document);
    return keeper;
  },
  'session host': () => {
    sessionHost ??= hostsOwnExcepted(validateAgainstOpenApi(withoutKeeper(document)));
    return sessionHost;
  },
};

/** The same API without what the keeper adds to it. */
const withoutKeeper = ({ components, ...rest }: OpenApiDocument): OpenApiDocument => {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const { keeper: _, ...properties } = schema.properties ?? {};
    const required = schema.required?.filter((field) => field !== 'keeper');
    const isKept = schema.properties?.keeper !== undefined;
    return [name, isKept ? { ...schema, properties, ...(required && { required }) } : schema] as const;
  });
  return { ...rest, components: { ...components, schemas: Object.fromEntries(schemas) } };
};

/** What the session host has beside the API; it tells a wrong method from a wrong path, and has no heartbeat. */
const hostsOwnExcepted =
  (check: CheckAnswer): CheckAnswer =>
  (method, url, status, headers, text) => {
    const { pathname } = new URL(url, 'http://session-host.invalid');
    const isApi = /^\/(v1\/)?accounts\//i.test(pathname);
    const isOutside = text.includes('"code":"NotFound"') || text.includes('"code":"MethodNotAllowed"');
    return isApi && !isOutside ? check(method, url, status, headers, text) : [];
  };

let isWatched = false;

const watchFetch = (): void => {
  if (isWatched) return;
  isWatched = true;
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    if (!sides.has(url.origin)) return answer;
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const text = await answer.clone().text();
    const problem = problemOf(url.origin, method, url.href, answer.status, answer.headers, text);
    if (problem !== undefined) throw new Error(problem);
    return answer;
  };
};
