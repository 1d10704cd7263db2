import { createHash } from 'node:crypto';
import type { OpenApiDocument } from '../types.ts';
import { type Call, callAnchor, callSection, headerAnchor, methodBadge } from './call.ts';
import { aboutOf, fieldRows, table, typeOf } from './fields.ts';
import { anchorOf, type Content, type Html, html } from './html.ts';
import { markdown, titlesOf } from './markdown.ts';
import { STYLE } from './style.ts';

/** A page that loads and runs nothing: its one style is named by its hash. */
export interface Page {
  readonly html: string;
  /** For the header `Content-Security-Policy`. */
  readonly policy: string;
}

/** The API's description as a page. */
export const pageOf = (document: OpenApiDocument): Page => {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  return {
    html: wholePage(document).html,
    policy: `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
};

const wholePage = (document: OpenApiDocument): Html => {
  const { info } = document;
  const groups = groupsOf(document);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} ${info.version}: API</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${info.title} <small>API, version ${info.version}</small></h1>
<p>${info.summary}</p>
<p class="links"><a href="/openapi.json">OpenAPI document</a> <span>${info.license.name} licence</span></p>
</header>
<div class="columns">
<nav aria-label="Contents">${contents(document, groups)}</nav>
<main id="content">
<section aria-labelledby="guide"><h2 id="guide">Guide</h2>
${markdown(info.description, (text, anchor) => html`<h3 id="${anchor}">${text}</h3>`)}
</section>
${groups.map(({ name, description, calls }) => {
  const anchor = anchorOf('tag', name);
  return html`<section aria-labelledby="${anchor}"><h2 id="${anchor}">${name}</h2>
${markdown(description)}${calls.map((call) => callSection(call, document))}
</section>`;
})}
<section aria-labelledby="headers"><h2 id="headers">Headers of answers</h2>
${headerTable(document)}
</section>
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
${Object.entries(document.components.schemas).map(([name, schema]) => schemaSection(name, schema))}
</section>
</main>
</div>
</body>
</html>
`;
};

interface Group {
  readonly name: string;
  readonly description: string;
  readonly calls: readonly Call[];
}

const groupsOf = ({ tags, paths }: OpenApiDocument): Group[] => {
  const calls = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Call => ({ method, path, operation })),
  );
  return tags.map(({ name, description }) => ({
    name,
    description,
    calls: calls.filter(({ operation }) => operation.tags.includes(name)),
  }));
};

const contents = ({ info, components }: OpenApiDocument, groups: readonly Group[]): Html => html`<ul>
${entry(
  'guide',
  'Guide',
  titlesOf(info.description).map(({ title, anchor }) => entry(anchor, title)),
)}
${groups.map(({ name, calls }) =>
  entry(
    anchorOf('tag', name),
    name,
    calls.map((call) => entry(callAnchor(call), [methodBadge(call.method), ' ', call.operation.summary])),
  ),
)}
${entry('headers', 'Headers of answers')}
${entry(
  'schemas',
  'Schemas',
  Object.keys(components.schemas).map((name) => entry(anchorOf('schema', name), name)),
)}
</ul>`;

const entry = (anchor: string, text: Content, below: readonly Html[] = []): Html =>
  html`<li><a href="#${anchor}">${text}</a>${below.length === 0 ? undefined : html`<ul>${below}</ul>`}</li>`;

const headerTable = ({ components }: OpenApiDocument): Html =>
  table(
    'Headers of answers',
    'Name',
    Object.entries(components.headers).map(([name, { description, schema }]) => ({
      name,
      anchor: headerAnchor(name),
      note: '',
      type: typeOf(schema),
      about: aboutOf(schema, description),
    })),
  );

const schemaSection = (name: string, schema: OpenApiDocument['components']['schemas'][string]): Html => {
  // What is required of a request, an answer always has.
  const rows = fieldRows(schema, schema.additionalProperties === undefined);
  return html`
<section class="schema" aria-labelledby="${anchorOf('schema', name)}">
<h3 id="${anchorOf('schema', name)}">${name}</h3>
${aboutOf(schema)}
${rows.length === 0 ? html`<p>${typeOf(schema)}</p>` : table(`Fields of ${name}`, 'Field', rows)}
</section>`;
};
