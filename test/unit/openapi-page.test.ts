import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../shared/openapi/document.ts';
import { html } from '../../shared/openapi/page/html.ts';
import { markdown } from '../../shared/openapi/page/markdown.ts';
import { pageOf } from '../../shared/openapi/page/page.ts';
import type { Operation } from '../../shared/openapi/types.ts';

const document = openApiDocument({ version: '1.2.3' });
const page = pageOf(document);
const text = page.html
  .replaceAll('<wbr>', '')
  .replaceAll(/<[^>]+>/g, '')
  .replaceAll('&#39;', "'")
  .replaceAll('&quot;', '"')
  .replaceAll('&amp;', '&');

const HOSTILE = `</style><script>alert('1')</script><img src=x onerror="alert(2)">&`;

/** The document with this text in place of every other text that a page can show. */
const hostile = (value: unknown): unknown => {
  if (typeof value === 'string') return value.startsWith('#/') ? value : HOSTILE;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(hostile);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hostile(part)]));
};

describe('the page', () => {
  it('has every call, with its path, its summary, its description and its answers', () => {
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
        expect(page.html).toContain(`id="call-${operation.operationId}"`);
        expect(text).toContain(`${method.toUpperCase()} ${path}`);
        expect(text).toContain(operation.summary);
        expect(text).toContain(operation.description.split('\n')[0]?.replaceAll('`', ''));
      }
    }
    for (const name of Object.keys(document.components.schemas)) expect(text).toContain(name);
  });

  it('loads nothing and runs nothing', () => {
    expect(page.html).not.toMatch(/<(script|link|img|iframe|object|embed|form|base|svg)\b/i);
    expect(page.html).not.toMatch(/\s(on\w+|style|src|srcset|action)=/i);
    expect(page.html).not.toMatch(/url\(|@import/i);
    const addresses = [...page.html.matchAll(/\shref="([^"]*)"/g)].map(([, address = '']) => address);
    expect(addresses.filter((address) => !address.startsWith('#'))).toEqual(['/openapi.json']);
  });

  it('allows its own style by its hash, and nothing else', () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page.html)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page.policy).toContain(`style-src 'sha256-${hash}'`);
    expect(page.policy).toContain("default-src 'none'");
    expect(page.policy).not.toContain('unsafe');
  });

  it('has headings in order, landmarks, a language, and anchors that lead somewhere', () => {
    const levels = [...page.html.matchAll(/<h([1-6])\b/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toEqual([1]);
    expect(levels.every((level, index) => index === 0 || level <= (levels[index - 1] ?? 0) + 1)).toBe(true);
    expect(page.html).toMatch(/<html lang="en">/);
    for (const landmark of ['<header>', '<nav aria-label=', '<main id='])
      expect(page.html).toContain(landmark);
    const ids = [...page.html.matchAll(/\sid="([^"]*)"/g)].map(([, id = '']) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.html.matchAll(/\s(?:href="#|aria-labelledby=")([^"]*)"/g)].map(
      ([, id = '']) => id,
    );
    expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('escapes every text', () => {
    const { html: made } = pageOf(hostile(document) as typeof document);
    expect(made).not.toContain('<script');
    expect(made).not.toContain('<img');
    expect(made.match(/<\/style>/g)).toHaveLength(1);
    expect(made).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;');
    expect(made).not.toMatch(/\s(on\w+|src)="/);
  });

  it('is the same each time', () => {
    expect(pageOf(document)).toEqual(page);
  });
});

describe('templates', () => {
  it('escape what is not HTML itself', () => {
    expect(html`<p title="${'"x"'}">${'<b>'}${html`<i>${'&'}</i>`}${undefined}${[1, 'a']}</p>`.html).toBe(
      '<p title="&quot;x&quot;">&lt;b&gt;<i>&amp;</i>1a</p>',
    );
  });
});

describe('Markdown', () => {
  it('has paragraphs, lists, headings and code', () => {
    const heading = (title: string, anchor: string) => html`<h3 id="${anchor}">${title}</h3>`;
    expect(markdown('One `a<b`.\n\n## What is it?\n\n- x\n- `y`\n\n1. z', heading).html).toBe(
      '<p>One <code>a&lt;b</code>.</p><h3 id="guide-What-is-it">What is it?</h3><ul><li>x</li><li><code>y</code></li></ul><ol><li>z</li></ol>',
    );
  });
});
