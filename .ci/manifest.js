// oclif.manifest.json: what oclif knows about every command without loading one. Committed; a check keeps it current.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Plugin, settings } from '@oclif/core';

/** Writes the manifest of the commands in dist; leaves the file (and its time) alone when it says the same already. */
export async function writeManifest(root) {
  const path = join(root, 'oclif.manifest.json');
  const text = await manifestText(root);
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== text) await writeFile(path, text);
}

async function manifestText(root) {
  settings.enableAutoTranspile = false;
  const plugin = new Plugin({
    root,
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  return `${JSON.stringify(sorted(plugin.manifest), undefined, 2)}\n`;
}

/** The same with the keys of `commands` in order; the flags keep the order in which the help shows them. */
function sorted(manifest) {
  const commands = Object.entries(manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { commands: Object.fromEntries(commands), version: manifest.version };
}
