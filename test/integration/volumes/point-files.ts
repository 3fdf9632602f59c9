import { readdirSync } from 'node:fs';
import type { DataProject } from './data-project.ts';

/** What lies in a restore point for its volumes, and what its manifest says of it: the same, or somebody by hand takes both. */
export function pointFiles(project: DataProject, id: string): { there: string[]; described: string[] } {
  const described = project
    .manifest(id)
    .volumes.flatMap(({ index, base, unsettled, layers }: any) => [
      index,
      base?.index,
      unsettled,
      ...layers.flatMap(({ archive, deleted, blocks }: any) => [archive, deleted, blocks]),
    ]);
  return {
    there: readdirSync(project.point(id, 'volumes')).sort(),
    described: described.flatMap((file: any) => file?.path.replace('volumes/', '') ?? []).sort(),
  };
}
