import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { simulate } from '../run.ts';
import { applyEdit, type Plant } from './plant.ts';

/**
 * Loads the simulation with a planted bug in the product. Every module of ours that comes of such an import has the
 * plant in its URL: the product as it is, and with one plant or another, live beside each other in one process.
 */

const REPOSITORY = new URL('../../../', import.meta.url).href;
const PARAMETER = 'plant';
const planted = new Map<string, Plant>();

/** The simulation, with the product as the plant makes it. */
export const loadWith = async (plant: Plant): Promise<typeof simulate> => {
  if (planted.size === 0) register();
  planted.set(plant.name, plant);
  const module: { simulate: typeof simulate } = await import(`../run.ts?${PARAMETER}=${plant.name}`);
  return module.simulate;
};

const register = (): void => {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const name = plantIn(context.parentURL);
      if (name === null || !isOurs(resolved.url)) return resolved;
      const url = new URL(resolved.url);
      url.searchParams.set(PARAMETER, name);
      return { ...resolved, url: url.href };
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = planted.get(plantIn(url) ?? '')?.edits.filter(({ file }) => isFile(url, file)) ?? [];
      if (edits.length === 0) return loaded;
      return { ...loaded, source: edits.reduce(applyEdit, textOf(loaded.source)) };
    },
  });
};

const plantIn = (url: string | undefined): string | null =>
  url?.startsWith(REPOSITORY) ? new URL(url).searchParams.get(PARAMETER) : null;

const isOurs = (url: string): boolean => url.startsWith(REPOSITORY) && !url.includes('/node_modules/');

const isFile = (url: string, file: string): boolean =>
  fileURLToPath(url) === fileURLToPath(new URL(file, REPOSITORY));

const textOf = (source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string =>
  typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined);
