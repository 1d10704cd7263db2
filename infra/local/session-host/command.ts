/** What a command template can ask for. */
export interface CommandValues {
  port: number;
  inspectorPort: number;
  sessionId: string;
  size: string;
}

const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;
const QUOTED = /"([^"]*)"|'([^']*)'/g;

/**
 * Splits a command template into its words at white space; single and double quotes keep a word together and there
 * are no escapes. No shell is involved. Undefined where it has no word or a quote stays open.
 */
export const splitCommand = (template: string): string[] | undefined => {
  const rest = template.replace(WORD, '');
  const words = template.match(WORD);
  if (words === null || rest.trim() !== '') return undefined;
  return words.map((word) =>
    word.replace(QUOTED, (_, double?: string, single?: string) => double ?? single ?? ''),
  );
};

/** Fills `{port}`, `{inspectorPort}`, `{sessionId}` and `{size}` into each word; other braces stay as they are. */
export const fillCommand = (words: readonly string[], values: CommandValues): string[] =>
  words.map((word) =>
    word
      .replaceAll('{port}', String(values.port))
      .replaceAll('{inspectorPort}', String(values.inspectorPort))
      .replaceAll('{sessionId}', values.sessionId)
      .replaceAll('{size}', values.size),
  );
