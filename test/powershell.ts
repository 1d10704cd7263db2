/** The requests of a PowerShell script, read from its text: as much of the language as the documentation uses. */

export interface PowerShellRequest {
  method: string;
  uri: string;
  headers: Record<string, string>;
  body?: string;
}

const COMMAND = /\bInvoke-(?:WebRequest|RestMethod)\b([^)\n]*(?:\([^)]*\)[^)\n]*)*)/;
const ASSIGNMENT = /^\$(\w+) = /;

/**
 * Goes through the script line by line: `variables` are set as it sets them, and each request is given to `replay`,
 * whose answer the script works with. Throws for a line that it does not understand.
 */
export const parsePowerShell = async (
  script: string,
  variables: Map<string, string>,
  replay: (request: PowerShellRequest) => Promise<string>,
): Promise<void> => {
  for (const line of script.split('\n').filter((text) => text.trim() !== '')) {
    const target = ASSIGNMENT.exec(line)?.[1];
    const command = COMMAND.exec(line)?.[1];
    const value =
      command === undefined ? evaluate(line, variables) : await replay(parseRequest(command, variables));
    const property = /\)\.(\w+)$/.exec(line)?.[1];
    if (target !== undefined) variables.set(target, property === undefined ? value : read(value, property));
  }
};

const parseRequest = (command: string, variables: ReadonlyMap<string, string>): PowerShellRequest => {
  const text = (name: string): string | undefined => {
    const quoted = new RegExp(`-${name} "((?:[^"\`]|\`.)*)"`).exec(command)?.[1];
    return quoted === undefined ? undefined : expand(quoted, variables);
  };
  const method = /-Method (\w+)/.exec(command)?.[1];
  const uri = text('Uri');
  const table = /-Headers @\{(.*?)\}(?=\s|$)/.exec(command)?.[1] ?? '';
  if (method === undefined || uri === undefined) throw new Error(`not a request: ${command}`);
  const headers = [...table.matchAll(/(?:"([\w-]+)"|(\w+)) = "((?:[^"`]|`.)*)"/g)].map(
    ([, quoted, plain, value = '']) => [quoted ?? plain ?? '', expand(value, variables)] as const,
  );
  const type = text('ContentType');
  const body = text('Body');
  return {
    method: method.toUpperCase(),
    uri,
    headers: { ...Object.fromEntries(headers), ...(type === undefined ? {} : { 'Content-Type': type }) },
    ...(body === undefined ? {} : { body }),
  };
};

/** `"text"`, `ConvertFrom-Json -InputObject $x.Content` and `$x.Property;`, which is all that the sequence needs. */
const evaluate = (line: string, variables: ReadonlyMap<string, string>): string => {
  const expression = line.replace(ASSIGNMENT, '').replace(/;$/, '');
  const literal = /^"([^"]*)"$/.exec(expression)?.[1];
  if (literal !== undefined) return expand(literal, variables);
  const converted = /^ConvertFrom-Json -InputObject \$(\w+)\.Content$/.exec(expression)?.[1];
  if (converted !== undefined) return variable(converted, variables);
  const [, name, property] = /^\$(\w+)\.(\w+)$/.exec(expression) ?? [];
  if (name === undefined || property === undefined) throw new Error(`not understood: ${line}`);
  return read(variable(name, variables), property);
};

const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, plain?: string) =>
    variable(braced ?? plain ?? '', variables),
  );

const variable = (name: string, variables: ReadonlyMap<string, string>): string => {
  const value = variables.get(name);
  if (value === undefined) throw new Error(`the script uses $${name} before it is set`);
  return value;
};

const read = (json: string, property: string): string => {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null || !(property in value))
    throw new Error(`no ${property} in ${json}`);
  return String((value as Record<string, unknown>)[property]);
};
