/** HTML that is made of templates: every text that is put into one is escaped, and only other HTML is not. */

export interface Html {
  readonly html: string;
}

/** What a template takes. Nothing is written for undefined. */
export type Content = Html | string | number | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const textOf = (content: Content): string => {
  if (content === undefined) return '';
  if (typeof content === 'string') return escaped(content);
  if (typeof content === 'number') return String(content);
  return 'html' in content ? content.html : content.map(textOf).join('');
};

/** Attributes are to be written in double quotes. */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Html => ({
  html: parts.map((part, index) => part + textOf(values[index])).join(''),
});

/** With something between each two, such as a comma. */
export const joined = (contents: readonly Content[], separator: string): Content[] =>
  contents.flatMap((content, index) => (index === 0 ? [content] : [separator, content]));

/** What an anchor can be called. */
export const anchorOf = (kind: string, text: string): string =>
  `${kind}-${text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`;
