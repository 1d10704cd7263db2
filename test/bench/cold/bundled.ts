import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** How much of the bundle is loaded with the entry, and how much only when it is first needed, in bytes. */
export interface BundleSizes {
  withEntry: number;
  later: number;
}

/** What esbuild writes for an import that is not dynamic. */
const STATIC_IMPORT = /^(?:import|export)\b[^'"()]*?from\s*["'](\.[^"']+)["']|^import\s*["'](\.[^"']+)["']/gm;

export const bundleSizes = (folder: string): BundleSizes => {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const [, from, bare] of readFileSync(path, 'utf8').matchAll(STATIC_IMPORT))
      visit(resolve(dirname(path), from ?? bare ?? ''));
  };
  visit(join(folder, 'functions', 'app.js'));
  const all = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name));
  const bytes = (paths: readonly string[]): number =>
    paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const withEntry = bytes([...loaded]);
  return { withEntry, later: bytes(all) - withEntry };
};
