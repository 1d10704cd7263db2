import { join } from 'node:path';
import { REPOSITORY } from '../infra/local/stack.ts';

/**
 * For the environment of every Node process that a test starts: they are some hundred, of the same few programs, and
 * each would compile them again. Beside the caches of the other tools, where nothing of it is left behind.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: join(REPOSITORY, 'node_modules', '.cache', 'node-compile'),
} as const;
