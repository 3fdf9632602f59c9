// Bundles src into dist and writes oclif.manifest.json. `npm ci` runs this on every machine: it has to be quick.
import { glob, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { compiledValidator } from './compiled-validator.ts';
import { lazyOclif } from './lazy-requires.ts';
import { writeLicences } from './licences.js';
import { writeManifest } from './manifest.js';

const root = join(import.meta.dirname, '..');

const entryPoints = [
  'src/cli/main.ts',
  ...(await Array.fromAsync(glob('src/commands/**/*.ts', { cwd: root }))),
];

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: entryPoints.toSorted(),
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // Only oclif's own tooling for TypeScript projects asks for it.
  external: ['typescript'],
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  // What the CommonJS packages in the bundle still require() are Node's own modules.
  banner: {
    js: 'const require=id=>{const m=process.getBuiltinModule(id);if(m)return m;throw Object.assign(Error(`Cannot find module ${id}`),{code:"MODULE_NOT_FOUND"})};',
  },
  plugins: [lazyOclif, compiledValidator],
  // Our own shim has looked at the version already.
  define: { 'process.env.OCLIF_DISABLE_ENGINE_WARNING': '"true"' },
  logLevel: 'warning',
});

await Promise.all([writeManifest(root), writeLicences(root, metafile)]);

// Afterwards, not before: whoever runs the program during a build still finds all of it.
const written = new Set(
  [...Object.keys(metafile.outputs), 'dist/licences.txt'].map((path) => join(root, path)),
);
for (const entry of await readdir(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !written.has(path)) await rm(path);
}
