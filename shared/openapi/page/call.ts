import type { MediaType, OpenApiDocument, Operation, Parameter, Reference, Response } from '../types.ts';
import { answerOf, folded, requestOf, statusText } from './exchange.ts';
import { aboutOf, fieldRows, nameOf, schemaLink, table, typeOf } from './fields.ts';
import { anchorOf, type Content, type Html, html, joined } from './html.ts';
import { inline, markdown } from './markdown.ts';

/** One call of the API on the page. */

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export const callAnchor = ({ operation }: Call): string => anchorOf('call', operation.operationId);

export const callSection = (call: Call, document: OpenApiDocument): Html => {
  const { method, path, operation } = call;
  const parameters = operation.parameters.flatMap((reference) =>
    shared(reference, document.components.parameters),
  );
  const responses = Object.entries(operation.responses).flatMap(([status, response]) =>
    shared(response, document.components.responses).map((found) => ({ status, response: found })),
  );
  const [first] = responses.filter(({ status }) => status.startsWith('2')).toReversed();
  return html`
<section class="call" id="${callAnchor(call)}" aria-labelledby="${callAnchor(call)}-title">
<h3 id="${callAnchor(call)}-title">${operation.summary}</h3>
<p class="line">${methodBadge(method)} <code>${brokenAtSlashes(path)}</code></p>
${markdown(operation.description)}
<p>${accessText(operation, document)}</p>
${parameters.length === 0 ? undefined : [html`<h4>Parameters</h4>`, table('Parameters', 'Name', parameters.map(parameterRow))]}
${bodyOf(operation, document)}
<h4>Example</h4>
${requestOf({ ...call, parameters }, document)}
${first === undefined ? undefined : answerOf(first.status, first.response)}
<h4>Answers</h4>
<dl class="answers">${responses.map(({ status, response }) => answerEntry(status, response))}
</dl>
</section>`;
};

export const methodBadge = (method: string): Html =>
  html`<span class="method ${method}">${method.toUpperCase()}</span>`;

export const headerAnchor = (name: string): string => anchorOf('header', name);

/** A long path breaks where a reader would break it. */
const brokenAtSlashes = (path: string): Content =>
  joined(path.split(/(?=\/)/), '').flatMap((part) => [part, html`<wbr>`]);

const shared = <Kind extends object>(
  item: Kind | Reference,
  components: Readonly<Record<string, Kind>>,
): readonly Kind[] => {
  if (!('$ref' in item)) return [item];
  const found = components[nameOf(item.$ref)];
  return found === undefined ? [] : [found];
};

const accessText = ({ security }: Operation, { components }: OpenApiDocument): Content => {
  const schemes = security.flatMap((requirement) => Object.keys(requirement));
  if (schemes.length === 0) return 'Everybody may call it: no token is needed.';
  return schemes.map((name) => [
    'Needs ',
    inline(lowerFirst(components.securitySchemes[name]?.description ?? name)),
  ]);
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const PLACES = { path: 'in the path', query: 'in the query', header: 'a header' } as const;

const parameterRow = ({ name, in: place, required = false, description, schema }: Parameter) => ({
  name,
  note: `${PLACES[place]}, ${required ? 'required' : 'optional'}`,
  type: typeOf(schema),
  about: aboutOf(schema, description),
});

const bodyOf = ({ requestBody }: Operation, { components }: OpenApiDocument): Content => {
  if (requestBody === undefined) return undefined;
  return Object.values(requestBody.content).map(({ schema, examples = {} }: MediaType) => {
    const [resolved] = shared(schema, components.schemas);
    return html`<h4>Body</h4>
<p>${inline(resolved?.description ?? '')} ${inline(requestBody.description)}${schema.$ref === undefined ? undefined : html` Schema: ${schemaLink(schema.$ref)}.`}</p>
${resolved === undefined ? undefined : table('Fields of the body', 'Field', fieldRows(resolved, true))}
${folded(Object.values(examples).slice(1))}`;
  });
};

const answerEntry = (status: string, { description, headers, content = {} }: Response): Html => {
  const bodies = Object.values(content);
  return html`
<dt><span class="status s${status.charAt(0)}">${statusText(status)}</span></dt>
<dd>
<p>${inline(description)}</p>
<p class="limits">${
    bodies.length === 0
      ? 'No body.'
      : bodies.map(({ schema }) => [
          'Body: ',
          schema.$ref === undefined ? typeOf(schema) : schemaLink(schema.$ref),
          '.',
        ])
  } Headers: ${joined(
    Object.keys(headers).map((name) => html`<a href="#${headerAnchor(name)}"><code>${name}</code></a>`),
    ', ',
  )}.</p>
${bodies.map(({ examples = {} }) => folded(Object.values(examples)))}
</dd>`;
};
