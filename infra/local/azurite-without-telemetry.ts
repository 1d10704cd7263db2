import { createRequire, Module } from 'node:module';

/**
 * To be imported before Azurite. More than half of its start is loading Application Insights, which it does even where
 * its telemetry is disabled, as it always is here: an empty module stands in for it.
 */

const { resolve } = createRequire(import.meta.url);
const { cache, resolve: resolveForAzurite } = createRequire(resolve('azurite/package.json'));
const path = resolveForAzurite('applicationinsights');
const empty = new Module(path);
empty.loaded = true;
cache[path] = empty;
