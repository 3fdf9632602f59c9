// dist/licences.txt: the bundle contains other people's packages, whose licences ask to be passed on with them.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

/** Writes the licence of every package that esbuild put into the bundle. */
export async function writeLicences(root, metafile) {
  const directories = new Set(Object.keys(metafile.inputs).flatMap((path) => PACKAGE.exec(path)?.[0] ?? []));
  const texts = await Promise.all(
    [...directories].toSorted().map((directory) => licence(join(root, directory))),
  );
  await writeFile(join(root, 'dist', 'licences.txt'), texts.join('\n'));
}

async function licence(directory) {
  const { name, version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  const text = file === undefined ? '' : await readFile(join(directory, file), 'utf8');
  return `${'-'.repeat(80)}\n${name} ${version} (${license})\n\n${text.trim()}\n`;
}
