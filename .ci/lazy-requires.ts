// oclif loads its help, its templates, its globbing and more before it knows what is asked of it. An esbuild plugin
// that makes every `const x_1 = require('y')` of @oclif/core load at first use, which halves the start-up.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

const ASSIGNED =
  /^(?:const|let|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\(["'][^"']+["']\)\)?);$/gm;
const EXPORTED = /^exports\.(\w+) = (__importStar\(require\(["'][^"']+["']\)\));$/gm;

/** The same module with its requires at first use. It rests on the shape of what tsc writes. */
export function lazyRequires(source: string): string {
  const names = [...source.matchAll(ASSIGNED)].map(([, name]) => name ?? '');
  const exported = 'Object.defineProperty(exports,"$1",{enumerable:true,get:()=>$2});';
  let text = source
    .replaceAll(EXPORTED, exported)
    .replaceAll(ASSIGNED, 'const $1={get $$(){return this.v??=$2}};');
  for (const name of names)
    text = text.replaceAll(new RegExp(`(?<![.\\w$])${name}\\b(?!=\\{get )`, 'g'), `${name}.$`);
  return text;
}

export const lazyOclif: Plugin = {
  name: 'lazy-oclif',
  setup(build) {
    build.onLoad({ filter: /\/@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => {
      return { contents: lazyRequires(await readFile(path, 'utf8')), loader: 'js' };
    });
    // Asks three times per run whether this is Windows' Linux, which makes no difference here, and takes its time.
    build.onResolve({ filter: /^wsl-utils$/ }, ({ path }) => ({ path, namespace: 'no-wsl' }));
    build.onLoad({ filter: /.*/, namespace: 'no-wsl' }, () => ({ contents: 'export const isWsl = false;' }));
  },
};
