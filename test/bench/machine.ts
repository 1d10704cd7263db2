import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** Where and with what the figures were measured. */
export interface Machine {
  cores: number;
  processor: string;
  memoryGiB: number;
  node: string;
  /** The packages that the figures depend on, with their versions. */
  packages: Readonly<Record<string, string>>;
  date: string;
}

const PACKAGES = ['@azure/data-tables', '@azure/functions', 'applicationinsights', 'azurite', 'got'] as const;

export const machineNow = (now: Date): Machine => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() || process.arch,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  date: now.toISOString().slice(0, 10),
});

/** Packages hide their `package.json` from imports: it is looked for where they would be found. */
const versionOf = (name: string): string => {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      const { version }: { version: string } = JSON.parse(
        readFileSync(`${folder}/${name}/package.json`, 'utf8'),
      );
      return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'not installed';
};
