import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { buildApp, DIST, REPOSITORY } from './build.ts';

/**
 * `npm run package`: what is deployed, as a folder and as one file. It needs nothing beside it: all libraries are in the
 * bundle. The same commit gives the same bytes, on any machine and at any time.
 */

/** Where `npm run package` puts it. */
const PACKAGE = join(REPOSITORY, 'lease-keeper.zip');

/** The zip of these files, in the order of their names, as of no particular time and for no particular user. */
export const zipOf = (files: ReadonlyMap<string, Uint8Array>): Uint8Array => {
  const names = [...files.keys()].sort();
  // A zip has the local time, without saying of where; this one is its first instant everywhere.
  const options = { mtime: new Date(1980, 0, 1), level: 9, os: 3, attrs: (0o100644 << 16) >>> 0 } as const;
  const entries = names.map(
    (name) => [name.replaceAll('\\', '/'), files.get(name) ?? new Uint8Array()] as const,
  );
  return zipSync(Object.fromEntries(entries), options);
};

if (import.meta.main) {
  const { files } = await buildApp(DIST, { maps: false });
  const zip = zipOf(files);
  writeFileSync(PACKAGE, zip);
  console.log(`lease-keeper.zip: ${files.size} files, ${(zip.byteLength / 1024 / 1024).toFixed(1)} MB`);
}
