// Compiling the schema takes Ajv longer than most commands take: an esbuild plugin that puts the compiled function into the
// bundle in the place of Ajv.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import type { Plugin } from 'esbuild';

const SCHEMA = join(import.meta.dirname, '../docs/x-rewind.schema.json');

export const compiledValidator: Plugin = {
  name: 'compiled-validator',
  setup(build) {
    build.onLoad({ filter: /\/src\/compose\/config-validator\.ts$/ }, async () => {
      const schema = JSON.parse(await readFile(SCHEMA, 'utf8')) as object;
      const ajv = new Ajv({ strict: false, code: { source: true, esm: true } });
      // It exports `validate`, as the module that it replaces does.
      const contents = standalone.default(ajv, ajv.compile(schema));
      return { contents, loader: 'js', resolveDir: import.meta.dirname };
    });
  },
};
