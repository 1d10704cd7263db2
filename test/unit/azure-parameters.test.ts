import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { Expression, type Parameter, parseBicep, readBicep, type Value, within } from '../bicep.ts';

/** What azd hands in is what the Bicep takes, whether its variables are set or not. */

const main = readBicep('main.bicep');

const given = Object.entries(
  (
    JSON.parse(readFileSync(join(REPOSITORY, 'infra/azure/main.parameters.json'), 'utf8')) as {
      parameters: Record<string, { value: string }>;
    }
  ).parameters,
);
const parameterOf = (name: string): Parameter | undefined => main.parameters.find((one) => one.name === name);

/** A variable of azd's environment, and the text that stands for it where it is not set. */
const HANDED = /^\$\{((?:AZURE|KEEPER)_[A-Z_0-9]+)(?:=([^}]+))?\}$/;

const TYPES: Readonly<Record<string, string>> = { string: 'string', int: 'number', bool: 'boolean' };

/** Why the parameter cannot have this value. */
const refusalsOf = ({ name, type, decorators }: Parameter, value: Value | undefined): string[] => {
  const [allowed, least, most, shortest, longest] = [
    'allowed',
    'minValue',
    'maxValue',
    'minLength',
    'maxLength',
  ].map((decorator) => decorators[decorator]?.[0]);
  const { length } = typeof value === 'string' ? value : '';
  return [
    ...(typeof value === TYPES[type] ? [] : ['type']),
    ...(Array.isArray(allowed) && !allowed.includes(value ?? null) ? ['allowed'] : []),
    ...(Number(value) < Number(least ?? value) || Number(value) > Number(most ?? value) ? ['value'] : []),
    ...(length < Number(shortest ?? 0) || length > Number(longest ?? length) ? ['length'] : []),
  ].map((what) => `${name}: ${what}`);
};

describe('the parameters', () => {
  it('are handed on by azd under names that exist, from environment variables', () => {
    const names = given.map(([name]) => name);
    expect(names.filter((name) => parameterOf(name) === undefined)).toEqual([]);
    const needed = main.parameters.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
    expect(needed.filter((name) => !names.includes(name))).toEqual([]);
    for (const [, value] of given) expect(value.value).toMatch(HANDED);
  });

  it('work where a variable is not set: azd then hands in the text beside its name, or an empty one', () => {
    const variables = given.map(([name, { value }]) => {
      const [, variable, unset = ''] = HANDED.exec(value) ?? [];
      return { name, variable, unset };
    });
    const optional = variables.filter(({ name }) => parameterOf(name)?.isOptional);
    expect(optional.length).toBeGreaterThan(15);
    for (const { name, unset } of optional)
      expect({ name, unset }).toEqual({ name, unset: parameterOf(name)?.default });
    // What has no default is set by azd itself, which asks for it.
    const needed = variables.filter((one) => !optional.includes(one)).map(({ variable }) => variable);
    expect(needed).toEqual(['AZURE_ENV_NAME', 'AZURE_LOCATION']);
  });

  it('have defaults that they may have, and the parameters of modules that they are given to', () => {
    for (const parameter of main.parameters.filter(({ isOptional }) => isOptional)) {
      const handedOn = main.modules.flatMap(({ path, body }) =>
        Object.entries(within({ ...body }, 'params') ?? {})
          .filter(([, value]) => value instanceof Expression && value.text === parameter.name)
          .flatMap(([its]) => readBicep(path).parameters.filter(({ name }) => name === its)),
      );
      expect([parameter, ...handedOn].flatMap((one) => refusalsOf(one, parameter.default))).toEqual([]);
    }
  });

  it('are seen to refuse what they may not be', () => {
    const refusals = (text: string): string[] => {
      const { parameters } = parseBicep(text, 'main.bicep');
      return parameters.flatMap((parameter) => refusalsOf(parameter, parameter.default));
    };
    expect(refusals(`@allowed(['', 'b'])\nparam a string = ''`)).toEqual([]);
    expect(refusals(`@allowed(['b'])\nparam a string = ''`)).toEqual(['a: allowed']);
    expect(refusals(`@minLength(1)\nparam a string = ''`)).toEqual(['a: length']);
    expect(refusals(`@maxLength(1)\nparam a string = 'bc'`)).toEqual(['a: length']);
    expect(refusals('@minValue(2)\nparam a int = 1')).toEqual(['a: value']);
    expect(refusals('@maxValue(2)\nparam a int = 2')).toEqual([]);
    expect(refusals(`param a bool = 'true'`)).toEqual(['a: type']);
  });

  it('that hold keys are secure, all the way to the vault', () => {
    for (const file of [main, readBicep('modules/vault.bicep')]) {
      const secure = file.parameters.filter(({ decorators }) => decorators.secure).map(({ name }) => name);
      expect(secure.sort()).toEqual(['accountsBase64', 'tokenSecrets']);
    }
    expect(JSON.stringify(main.outputs)).not.toMatch(/accountsBase64|tokenSecrets\b/);
  });

  it('have a check, or say which setting of the app they are', () => {
    for (const { name, type, decorators } of main.parameters) {
      const isSetting = /^KEEPER_[A-Z_]+( \(|: )/.test(String(decorators.description?.[0]));
      const isChecked = type === 'bool' || Object.keys(decorators).some((one) => one !== 'description');
      expect({ name, isGuarded: isSetting || isChecked }).toEqual({ name, isGuarded: true });
    }
  });
});
