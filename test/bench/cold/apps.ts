import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLING, buildApp } from '../../../infra/build.ts';

/** The two apps whose starts are compared, bundled in the same way, each in a folder of its own. */
export interface Apps {
  keeper: string;
  pointRead: string;
}

export const buildApps = async (folder: string): Promise<Apps> => {
  const [keeper, pointRead] = [join(folder, 'keeper'), join(folder, 'point-read')];
  await buildApp(keeper);
  mkdirSync(pointRead, { recursive: true });
  await build({
    ...BUNDLING,
    entryPoints: [fileURLToPath(new URL('./point-read.ts', import.meta.url))],
    outfile: join(pointRead, 'app.js'),
  });
  cpSync(join(keeper, 'host.json'), join(pointRead, 'host.json'));
  const manifest = { name: 'point-read', version: '1.0.0', type: 'module', main: 'app.js' };
  writeFileSync(join(pointRead, 'package.json'), JSON.stringify(manifest));
  return { keeper, pointRead };
};
