import { anchorOf, type Content, type Html, html } from './html.ts';

/** The little Markdown that our descriptions are written in: paragraphs, lists, headings of one level, and code. */

/** `heading` makes one of its text and its anchor, at the level that the page has there. */
export const markdown = (text: string, heading: (text: string, anchor: string) => Html = plain): Html =>
  html`${text
    .split(/\n{2,}/)
    .filter((block) => block.trim() !== '')
    .map((block) => blockOf(block.trim(), heading))}`;

const plain = (text: string): Html => html`<p>${inline(text)}</p>`;

const blockOf = (block: string, heading: (text: string, anchor: string) => Html): Html => {
  const title = /^## (.*)$/.exec(block)?.[1];
  if (title !== undefined) return heading(title, anchorOf('guide', title));
  const lines = block.split('\n');
  if (lines.every((line) => line.startsWith('- ')))
    return html`<ul>${lines.map((line) => item(line.slice(2)))}</ul>`;
  if (lines.every((line) => /^\d+\. /.test(line)))
    return html`<ol>${lines.map((line) => item(line.replace(/^\d+\. /, '')))}</ol>`;
  return html`<p>${inline(block)}</p>`;
};

const item = (text: string): Html => html`<li>${inline(text)}</li>`;

/** A line of text in which some is code. */
export const inline = (text: string): Content =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

/** The titles of a text, for a table of contents. */
export const titlesOf = (text: string): { title: string; anchor: string }[] =>
  [...text.matchAll(/^## (.*)$/gm)].map(([, title = '']) => ({ title, anchor: anchorOf('guide', title) }));
