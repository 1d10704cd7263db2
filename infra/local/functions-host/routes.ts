/**
 * ASP.NET's route templates, as far as this host knows them: literal segments (`sessions`, `:stop`), parameters
 * (`{sessionId}`) and a catch-all at the end (`{*rest}`). Pure: no server, no clock.
 */

export type Segment =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'parameter'; readonly name: string }
  | { readonly type: 'catch-all'; readonly name: string };

export interface Route<T> {
  readonly template: string;
  /** In upper case. */
  readonly methods: readonly string[];
  readonly target: T;
}

export type RouteMatch<T> =
  | { readonly type: 'found'; readonly target: T; readonly params: Readonly<Record<string, string>> }
  | { readonly type: 'none' }
  | { readonly type: 'malformed' };

/** A template that cannot be served, or two that cannot be told apart. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
}

const PARAMETER = /^\{(\*{0,2})([A-Za-z_]\w*)\}$/;

/** Reads a template. Throws a RouteError for syntax that this host does not know, such as constraints and defaults. */
export const parseTemplate = (template: string): readonly Segment[] => {
  const fault = (reason: string) => new RouteError(`the route "${template}" ${reason}`);
  if (template.startsWith('/')) throw fault('starts with a slash, which ASP.NET refuses');
  const texts = template.replace(/\/$/, '').split('/');
  if (template === '') return [];
  const names = new Set<string>();
  return texts.map((text, index): Segment => {
    if (text === '') throw fault('has an empty segment');
    if (!/[{}?*]/.test(text)) return { type: 'literal', text: text.toLowerCase() };
    const [, stars, name] = PARAMETER.exec(text) ?? [];
    if (name === undefined) throw fault(`has the segment "${text}", which is not supported here`);
    if (names.has(name.toLowerCase())) throw fault(`has the parameter "${name}" twice`);
    names.add(name.toLowerCase());
    if (stars === '') return { type: 'parameter', name };
    if (index < texts.length - 1) throw fault('has a catch-all that is not its last segment');
    return { type: 'catch-all', name };
  });
};

/**
 * The decoded segments of a path, or undefined where an escape is malformed.
 *
 * `%2F` stays as it is written, as in ASP.NET: decoded, it could not be told from a separator. One slash at the end
 * is ignored.
 */
export const decodePath = (path: string): readonly string[] | undefined => {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/');
  const decode = (segment: string): string =>
    segment
      .split(/(%2f)/i)
      .map((part, index) => (index % 2 === 1 ? part : decodeURIComponent(part)))
      .join('');
  // Neither a route nor a file name can mean anything with a null character; Azure's server refuses it as well.
  if (path.includes('%00')) return undefined;
  try {
    return segments.length === 1 && segments[0] === '' ? [] : segments.map(decode);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
};

const matchSegments = (
  segments: readonly Segment[],
  path: readonly string[],
): Readonly<Record<string, string>> | undefined => {
  const params: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    if (segment.type === 'catch-all') {
      params.push([segment.name, path.slice(index).join('/')]);
      return Object.fromEntries(params);
    }
    const value = path[index];
    if (value === undefined || value === '') return undefined;
    if (segment.type === 'parameter') params.push([segment.name, value]);
    else if (segment.text !== value.toLowerCase()) return undefined;
  }
  return path.length === segments.length ? Object.fromEntries(params) : undefined;
};

const RANK = { literal: 1, parameter: 2, 'catch-all': 3 } as const;

/** ASP.NET's order: the first segment that differs decides, literal before parameter before catch-all. */
const byPrecedence = (left: readonly Segment[], right: readonly Segment[]): number => {
  for (const [index, segment] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (RANK[segment.type] !== RANK[other.type]) return RANK[segment.type] - RANK[other.type];
  }
  return left.length - right.length;
};

const shapeOf = (segments: readonly Segment[]): string =>
  segments.map((segment) => (segment.type === 'literal' ? segment.text : `{${segment.type}}`)).join('/');

/**
 * Finds the route of a request by its method and its path (as it is on the wire, without the query).
 *
 * A method narrows the choice before precedence does, so a literal route for POST does not hide a parameter route for
 * GET. That is also why a path that exists with other methods only is `none`: Azure says 404 there, never 405.
 * Throws a RouteError for a template that is not supported, and for two routes that match the same requests.
 */
export const createRouter = <T>(routes: readonly Route<T>[]) => {
  const taken = new Map<string, string>();
  const table = routes
    .map((route) => ({ ...route, segments: parseTemplate(route.template) }))
    .sort((left, right) => byPrecedence(left.segments, right.segments));
  for (const { template, methods, segments } of table) {
    for (const method of methods) {
      const shape = `${method} ${shapeOf(segments)}`;
      const other = taken.get(shape);
      if (other !== undefined)
        throw new RouteError(`the routes "${other}" and "${template}" both match ${method} requests`);
      taken.set(shape, template);
    }
  }
  return (method: string, path: string): RouteMatch<T> => {
    const decoded = decodePath(path);
    if (decoded === undefined) return { type: 'malformed' };
    for (const { methods, segments, target } of table) {
      const params = methods.includes(method) ? matchSegments(segments, decoded) : undefined;
      if (params !== undefined) return { type: 'found', target, params };
    }
    return { type: 'none' };
  };
};
