import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { findComposeFiles } from './files.ts';
import type { ComposeOptions } from './options.ts';
import type { Project } from './project.ts';

/**
 * Every Compose file of a project, absolute: the chain, and the local files that it reaches through `include` and
 * `extends`. Paths that hold variables and remote ones are left out.
 */
export async function composeFilesOf(
  project: Pick<Project, 'cwd' | 'env'>,
  options: ComposeOptions,
): Promise<string[]> {
  const { directory, files } = findComposeFiles(options, project.cwd, project.env);
  const seen = new Set<string>();
  const queue = files.filter((file) => file !== '-').map((file) => ({ file, base: directory }));
  for (const { file, base } of queue) {
    if (seen.has(file)) continue;
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    seen.add(file);
    if (!/\b(include|extends)\b/.test(text)) continue;
    queue.push(...(await reachedFrom(text, file, base)));
  }
  return [...seen];
}

interface Loose {
  include?: (string | { path?: string | string[]; project_directory?: string })[];
  services?: Record<string, { extends?: { file?: string } } | null>;
}

async function reachedFrom(
  text: string,
  file: string,
  base: string,
): Promise<{ file: string; base: string }[]> {
  const { parse } = await import('./yaml.ts');
  let document: Loose | null;
  try {
    document = parse(text, { merge: true, logLevel: 'silent' }) as Loose | null;
  } catch {
    return [];
  }
  const included = (Array.isArray(document?.include) ? document.include : []).flatMap((entry) => {
    const { path = [], project_directory } = typeof entry === 'string' ? { path: entry } : entry;
    return [path].flat().map((name) => {
      const target = resolve(base, name);
      return {
        file: target,
        base: project_directory === undefined ? dirname(target) : resolve(base, project_directory),
      };
    });
  });
  const extended = Object.values(document?.services ?? {}).flatMap((service) => {
    const name = service?.extends?.file;
    return typeof name === 'string' ? [{ file: resolve(dirname(file), name), base }] : [];
  });
  return [...included, ...extended];
}
