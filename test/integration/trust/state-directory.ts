import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from '../project.ts';

/** Everything below `.rewind`, and it itself: paths, modes and owners. */
export function stateFiles(project: TestProject) {
  const walk = (path: string): string[] => [
    path,
    ...(lstatSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : []),
  ];
  return walk(project.path('.rewind')).map((path) => {
    const found = lstatSync(path);
    return {
      path,
      mode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
      directory: found.isDirectory(),
    };
  });
}
