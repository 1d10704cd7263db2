import type { JsonSchema } from '../types.ts';
import { anchorOf, type Content, type Html, html, joined } from './html.ts';
import { inline, markdown } from './markdown.ts';

/** JSON Schemas for people: tables of fields, with types and limits in words. */

/** The name of a component. */
export const nameOf = (ref: string): string => ref.split('/').at(-1) ?? ref;

export const schemaLink = (ref: string): Html =>
  html`<a href="#${anchorOf('schema', nameOf(ref))}"><code>${nameOf(ref)}</code></a>`;

/** What a value is, in a word or two. */
export const typeOf = (schema: JsonSchema): Content => {
  if (schema.$ref !== undefined) return schemaLink(schema.$ref);
  if (schema.anyOf !== undefined && schema.type === undefined) {
    return joined(schema.anyOf.map(typeOf), ' or ');
  }
  if (schema.type === 'array')
    return ['array of ', schema.items === undefined ? 'anything' : typeOf(schema.items)];
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return schema.properties === undefined ? ['object of ', typeOf(schema.additionalProperties)] : 'object';
  }
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['anything']);
  return [types.join(' or '), schema.format === undefined ? undefined : ` (${schema.format})`];
};

/** What a value may be, where its description does not say so. */
const limitsOf = (schema: JsonSchema): Content[] => {
  const { minimum, exclusiveMinimum, maximum, maxLength, maxItems, maxProperties, pattern, examples } =
    schema;
  const ownWords = (schema.enum ?? []).filter((word) => !schema.description?.includes(`\`${word}\``));
  return [
    ...(schema.anyOf ?? []).flatMap(limitsOf),
    ...(schema.items === undefined ? [] : limitsOf(schema.items)),
    ownWords.length === 0 ? undefined : html`One of ${codes(schema.enum ?? [])}.`,
    schema.const === undefined ? undefined : html`Always ${codes([schema.const])}.`,
    exclusiveMinimum === undefined ? undefined : `Above ${exclusiveMinimum}.`,
    minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}.` : undefined,
    minimum !== undefined && maximum === undefined ? `At least ${minimum}.` : undefined,
    minimum === undefined && maximum !== undefined ? `At most ${maximum}.` : undefined,
    maxLength === undefined ? undefined : `At most ${maxLength} characters.`,
    maxItems === undefined ? undefined : `At most ${maxItems} entries.`,
    maxProperties === undefined ? undefined : `At most ${maxProperties} entries.`,
    // A pattern is for machines wherever people are better served.
    examples === undefined ? undefined : html`Such as ${codes(examples)}.`,
    pattern === undefined || examples !== undefined || schema.format !== undefined
      ? undefined
      : html`Pattern <code>${pattern}</code>.`,
  ].filter((limit) => limit !== undefined);
};

const codes = (values: readonly unknown[]): Content[] =>
  joined(
    values.map((value) => html`<code>${String(value)}</code>`),
    ', ',
  );

/** Its description with its limits. */
export const aboutOf = (schema: JsonSchema, description = schema.description): Html => {
  const limits = limitsOf(schema);
  return html`${description === undefined ? undefined : markdown(description)}${
    limits.length === 0 ? undefined : html`<p class="limits">${joined(limits, ' ')}</p>`
  }`;
};

export interface Row {
  readonly anchor?: string;
  readonly name: string;
  readonly note: string;
  readonly type: Content;
  readonly about: Content;
}

/** The fields of an object, with those of objects in it under their full names. */
export const fieldRows = (schema: JsonSchema, isRequest: boolean, before = ''): Row[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const isRequired = schema.required?.includes(key) ?? false;
    const name = `${before}${key}`;
    const note = isRequest ? (isRequired ? 'required' : 'optional') : isRequired ? '' : 'may be absent';
    const inner = field.type === 'array' ? field.items : field;
    const dot = field.type === 'array' ? '[].' : '.';
    return [
      { name, note, type: typeOf(field), about: aboutOf(field) },
      ...(inner === undefined ? [] : fieldRows(inner, isRequest, `${name}${dot}`)),
    ];
  });

/**
 * A table that becomes a list where there is little room; its roles stay what they are, although its display changes.
 */
export const table = (caption: string, first: string, rows: readonly Row[]): Html => html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${first}</th><th role="columnheader" scope="col">Type</th><th role="columnheader" scope="col">Description</th></tr></thead>
<tbody role="rowgroup">${rows.map(
  ({ name, note, type, about, anchor }) => html`
<tr role="row"${anchor === undefined ? undefined : html` id="${anchor}"`}><th role="rowheader" scope="row"><code>${name}</code>${note === '' ? undefined : html` <small>${inline(note)}</small>`}</th><td role="cell" class="type">${type}</td><td role="cell">${about}</td></tr>`,
)}
</tbody>
</table>`;
