import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Language, type Node, Parser } from 'web-tree-sitter';
import { REPOSITORY } from '../infra/local/stack.ts';

/** What the Bicep files say, read with the grammar of tree-sitter: Bicep's own compiler is no npm package. */

/** A value as it stands there; what has to be computed is its text. */
export type Value = string | number | boolean | null | Expression | Value[] | { [name: string]: Value };
export class Expression {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export interface Parameter {
  name: string;
  type: string;
  isOptional: boolean;
  default: Value | undefined;
  /** By decorator, with the arguments. */
  decorators: Readonly<Record<string, readonly Value[]>>;
}

interface Declared {
  /** Its name within the file. */
  symbol: string;
  isConditional: boolean;
  body: Readonly<Record<string, Value>>;
}

export interface Resource extends Declared {
  type: string;
  apiVersion: string;
  /** Made elsewhere, and only named here. */
  isExisting: boolean;
}

export interface Module extends Declared {
  path: string;
}

export interface BicepFile {
  path: string;
  text: string;
  parameters: Parameter[];
  variables: Readonly<Record<string, Value>>;
  resources: Resource[];
  modules: Module[];
  outputs: Readonly<Record<string, Value>>;
  /** Names that are used as values, and those that are called. */
  references: ReadonlySet<string>;
  calls: ReadonlySet<string>;
  /** `module.outputs.name`, each once. */
  outputsUsed: readonly (readonly [module: string, output: string])[];
  /** The names that are bound by loops. */
  loopVariables: ReadonlySet<string>;
}

export class BicepSyntaxError extends Error {
  override readonly name = 'BicepSyntaxError';
}

const FOLDER = 'infra/azure';

await Parser.init();
const grammar = createRequire(import.meta.url).resolve('tree-sitter-bicep/tree-sitter-bicep.wasm');
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));

/** All Bicep files of the project, by their paths within `infra/azure`. */
export const bicepPaths = (): string[] =>
  readdirSync(join(REPOSITORY, FOLDER), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.bicep'))
    .sort();

export const readBicep = (path: string): BicepFile =>
  parseBicep(readFileSync(join(REPOSITORY, FOLDER, path), 'utf8'), path);

/** @throws BicepSyntaxError with the line of the first fault */
export const parseBicep = (text: string, path: string): BicepFile => {
  const root = parser.parse(text)?.rootNode;
  if (!root) throw new BicepSyntaxError(`${path}: cannot be parsed`);
  const faulty = root.hasError ? descendants(root).find((node) => node.isError || node.isMissing) : undefined;
  if (root.hasError) throw new BicepSyntaxError(`${path}:${(faulty ?? root).startPosition.row + 1}`);

  const parameters: Parameter[] = [];
  const variables: Record<string, Value> = {};
  const outputs: Record<string, Value> = {};
  const resources: Resource[] = [];
  const modules: Module[] = [];
  let decorators: Parameter['decorators'] = {};
  for (const node of root.namedChildren) {
    const [name, second, third] = node.namedChildren;
    if (node.type === 'decorators') decorators = decoratorsOf(node);
    else if (node.type === 'parameter_declaration' && name && second)
      parameters.push({
        ...{ name: name.text, type: second.text, isOptional: third !== undefined, decorators },
        default: third && readValue(third),
      });
    else if (node.type === 'variable_declaration' && name && second) variables[name.text] = readValue(second);
    else if (node.type === 'output_declaration' && name && third) outputs[name.text] = readValue(third);
    else if (node.type === 'resource_declaration' && name && second) {
      const [type = '', apiVersion = ''] = textOf(second).split('@');
      const isExisting = node.children.some((child) => child.type === 'existing');
      resources.push({ ...declared(node, name.text), type, apiVersion, isExisting });
    } else if (node.type === 'module_declaration' && name && second)
      modules.push({ ...declared(node, name.text), path: join(dirname(path), textOf(second)) });
    if (node.type !== 'decorators' && node.type !== 'comment') decorators = {};
  }
  const nodes = descendants(root);
  return {
    path,
    text,
    parameters,
    variables,
    resources,
    modules,
    outputs,
    references: new Set(nodes.filter(isReference).map((node) => node.text)),
    calls: new Set(nodes.filter(isCalled).map((node) => node.text)),
    outputsUsed: [...text.matchAll(/\b(\w+)\.outputs\.(\w+)/g)].map(
      ([, module = '', output = '']) => [module, output] as const,
    ),
    loopVariables: new Set(
      nodes.filter(({ type }) => type === 'for_statement').map((node) => node.namedChildren[0]?.text ?? ''),
    ),
  };
};

const descendants = (node: Node): Node[] => [node, ...node.children.flatMap(descendants)];

const declared = (node: Node, symbol: string): Declared => {
  const last = node.namedChildren.at(-1);
  const object = last && (last.type === 'object' ? last : last.namedChildren.at(-1));
  const body = object ? readValue(object) : undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Expression)
    throw new BicepSyntaxError(`${symbol}: has no body that can be read`);
  return { symbol, isConditional: last?.type === 'if_statement', body };
};

const decoratorsOf = (node: Node): Parameter['decorators'] =>
  Object.fromEntries(
    node.namedChildren.map((decorator) => {
      const [name, args] = decorator.namedChildren[0]?.namedChildren ?? [];
      return [name?.text ?? '', (args?.namedChildren ?? []).map(readValue)] as const;
    }),
  );

/** The grammar has no call within the brackets of a list; a name and its arguments are two elements there. */
const elementsOf = (node: Node): Value[] => {
  const parts = node.namedChildren.filter(({ type }) => type !== 'comment');
  return parts.flatMap((part, index): Value[] => {
    if (part.type === 'parenthesized_expression') return [];
    const next = parts[index + 1];
    const isCall = part.type === 'identifier' && next?.type === 'parenthesized_expression';
    return [isCall ? new Expression(`${part.text}${next.text}`) : readValue(part)];
  });
};

const readValue = (node: Node): Value => {
  switch (node.type) {
    case 'string':
      return node.namedChildren.some(({ type }) => type === 'interpolation')
        ? new Expression(node.text)
        : textOf(node);
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'null':
      return null;
    case 'array':
      return elementsOf(node);
    case 'object': {
      const properties = node.namedChildren.filter(({ type }) => type === 'object_property');
      return Object.fromEntries(
        properties.map((property) => {
          const [name, value] = property.namedChildren;
          if (!name || !value) throw new BicepSyntaxError(`cannot read ${property.text}`);
          return [
            name.type === 'string' ? name.text.replaceAll("'", '') : name.text,
            readValue(value),
          ] as const;
        }),
      );
    }
    default:
      return new Expression(node.text);
  }
};

const textOf = (node: Node): string => {
  const quotes = node.text.startsWith("'''") ? 3 : 1;
  return node.text.slice(quotes, -quotes);
};

const isCalled = (node: Node): boolean =>
  node.type === 'identifier' &&
  ((node.parent?.type === 'call_expression' && node.parent.childForFieldName('function')?.id === node.id) ||
    (node.parent?.type === 'array' && node.nextNamedSibling?.type === 'parenthesized_expression'));

/** A name that stands for a value: not one that is declared, called, or a property's. */
const isReference = (node: Node): boolean => {
  if (node.type !== 'identifier' || isCalled(node)) return false;
  const parent = node.parent;
  const isFirst = parent?.namedChildren[0]?.id === node.id;
  return !(isFirst && (parent.type === 'object_property' || parent.type.endsWith('_declaration')));
};

/** The text of a value that has to be computed. */
export const expressionOf = (value: Value | undefined): string => {
  if (value instanceof Expression) return value.text;
  throw new Error(`no expression: ${JSON.stringify(value)}`);
};

/** What lies at the end of a path of properties. */
export const within = (value: Value | undefined, ...path: string[]): Value | undefined => {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const isObject =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Expression);
  return isObject ? within(value[name], ...rest) : undefined;
};
