import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

/**
 * For `node --import`: leaves the addresses of all modules that the process has loaded, of whatever kind, in a file of the
 * folder LOADED_FILES, once it ends.
 */

const folder = process.env.LOADED_FILES;
if (folder !== undefined) {
  const loaded: string[] = [];
  registerHooks({
    load(url, context, nextLoad) {
      loaded.push(url);
      return nextLoad(url, context);
    },
  });
  process.once('exit', () => writeFileSync(join(folder, `${process.pid}.txt`), loaded.join('\n')));
}
