import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions as BundlerOptions, build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };

/** Bundles the app into one folder, which is all that is deployed, and what the local stack runs. */

export const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
/** Where `npm run build` puts it. */
export const DIST = join(REPOSITORY, 'dist');
const ENTRY = 'functions/app';

/** Some libraries are CommonJS and ask for the platform's modules, which an ES module has no `require` for. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

/** How it is bundled. */
export const BUNDLING = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  sourcemap: 'linked',
  // Stack traces need the places, not the text.
  sourcesContent: false,
  banner: { js: REQUIRE },
  // As CommonJS knows it, for those libraries.
  define: { __dirname: 'import.meta.dirname' },
  // Azure's worker brings the first along; the other only colours what a library prints, where it is installed.
  external: ['@azure/functions-core', 'supports-color'],
  logLevel: 'warning',
} as const satisfies BundlerOptions;

/** What Azure, and the local functions host, look for beside the code. */
const manifest = {
  name: packageJson.name,
  version: packageJson.version,
  private: true,
  type: 'module',
  main: `${ENTRY}.js`,
};

export interface BuildOptions {
  /** Source maps, for whoever looks for a fault on this machine; what is deployed is the same without them. */
  maps: boolean;
}

/** The app, ready to run. */
export interface Bundle {
  /** By their paths within the folder; the same bytes for the same sources, wherever they are built. */
  files: ReadonlyMap<string, Uint8Array>;
  /** The sources that they are made of, from the repository's folder. */
  sources: readonly string[];
}

/** What is imported lazily is in files of its own. */
export const bundle = async (folder: string, { maps }: BuildOptions): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    ...BUNDLING,
    sourcemap: maps ? 'linked' : false,
    absWorkingDir: REPOSITORY,
    entryPoints: { [ENTRY]: `${ENTRY}.ts` },
    outdir: folder,
    write: false,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
  });
  const files = new Map([
    ...outputFiles.map(({ path, contents }) => [relative(folder, path), contents] as const),
    ['host.json', readFileSync(join(REPOSITORY, 'host.json'))],
    ['package.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)],
  ]);
  return { files, sources: Object.keys(metafile.inputs) };
};

/** An app that runs from the folder meanwhile finds each file as it was or as it is, and never a part of one. */
const replace = (path: string, contents: Uint8Array): void => {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
};

/** Brings the folder up to date; it holds nothing else afterwards. Files that are as they should be are not touched. */
export const buildApp = async (folder = DIST, options: BuildOptions = { maps: true }): Promise<Bundle> => {
  const built = await bundle(folder, options);
  const { files } = built;
  for (const [name, contents] of files) replace(join(folder, name), contents);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(relative(folder, path))) rmSync(path, { force: true });
  }
  return built;
};

if (import.meta.main) await buildApp();
