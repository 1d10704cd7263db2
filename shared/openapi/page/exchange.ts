import { STATUS_CODES } from 'node:http';
import type { Example, OpenApiDocument, Operation, Parameter, Response } from '../types.ts';
import { type Content, type Html, html } from './html.ts';

/** A call and its answer as they are on the wire. */

/** JSON in colours: its keys, its texts, and its other values. */
const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?/g;

export const json = (value: unknown): Html => {
  const text = JSON.stringify(value, null, 2);
  const parts: Content[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [token, quoted, colon] = match;
    parts.push(
      text.slice(end, match.index),
      html`<span class="${kindOf(quoted, colon)}">${quoted ?? token}</span>`,
      colon,
    );
    end = match.index + token.length;
  }
  return html`${parts}${text.slice(end)}`;
};

const kindOf = (quoted: string | undefined, colon: string | undefined): string => {
  if (quoted === undefined) return 'value';
  return colon === undefined ? 'text' : 'key';
};

const pre = (label: string, content: Content): Html =>
  html`<figure><figcaption>${label}</figcaption><pre tabindex="0">${content}</pre></figure>`;

export const statusText = (status: string): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim();

/** The first example of a call, with a path and a query that are filled in. */
export const requestOf = (
  {
    method,
    path,
    operation,
    parameters,
  }: {
    method: string;
    path: string;
    operation: Operation;
    parameters: readonly Parameter[];
  },
  document: OpenApiDocument,
): Html => {
  const filled = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((text, { name, example }) => text.replace(`{${name}}`, String(example)), path);
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, example }) => `${name}=${String(example)}`);
  const lines = [
    `${method.toUpperCase()} ${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`,
    ...Object.keys(operation.security[0] ?? {}).map((scheme) => authorizationOf(scheme, document)),
  ];
  const { content = {} } = operation.requestBody ?? {};
  const [type, media] = Object.entries(content)[0] ?? [];
  const example = firstOf(media?.examples);
  if (example === undefined) return pre('Request', lines.join('\n'));
  return pre('Request', [`${[...lines, `Content-Type: ${type}`].join('\n')}\n\n`, json(example.value)]);
};

const authorizationOf = (scheme: string, { components }: OpenApiDocument): string =>
  components.securitySchemes[scheme]?.bearerFormat === 'JWT'
    ? 'Authorization: Bearer TOKEN'
    : 'Authorization: Bearer ACCOUNT_ID:ACCOUNT_KEY';

/** The first example of an answer. */
export const answerOf = (status: string, { content = {} }: Response): Html => {
  const [type, media] = Object.entries(content)[0] ?? [];
  const line = statusText(status);
  if (type === undefined) return pre('Answer', `${line}\n\n(empty)`);
  const example = firstOf(media?.examples);
  const head = `${line}\nContent-Type: ${type}; charset=utf-8\n\n`;
  return pre('Answer', [head, example === undefined ? '…' : json(example.value)]);
};

export const firstOf = (examples: Readonly<Record<string, Example>> | undefined): Example | undefined =>
  Object.values(examples ?? {})[0];

/** Examples that are opened by those who want them. */
export const folded = (examples: readonly Example[]): Content =>
  examples.map(
    ({ summary, value }) =>
      html`<details><summary>Example: ${summary}</summary><pre tabindex="0">${json(value)}</pre></details>`,
  );
