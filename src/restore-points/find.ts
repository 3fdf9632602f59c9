import type { RewindConfig } from '../compose/rewind-config.ts';
import { RewindError } from '../errors.ts';
import { openStore } from '../stores/open.ts';
import { readPoints } from './earlier.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { findPoint } from './point-id.ts';

/** The restore points of a project, newest first, and those that cannot be read. */
export async function pointsOf(
  config: RewindConfig,
  scope: { directory: string; project: string; environment: string },
): Promise<Awaited<ReturnType<typeof readPoints>>> {
  const { points, problems } = await readPoints(openStore(storeOf(config), scope.directory));
  return {
    problems,
    points: points.filter(
      ({ project, environment }) => project === scope.project && environment === scope.environment,
    ),
  };
}

/** The manifest of the point that `text` names. Throws NO_SUCH_POINT (10), DAMAGED (4). `latest` skips damaged points. */
export async function readPoint(
  config: RewindConfig,
  scope: { directory: string; project: string; environment: string },
  text: string,
): Promise<{ manifest: Manifest; store: string }> {
  const location = storeOf(config);
  const store = openStore(location, scope.directory);
  if (text === 'latest') {
    const { points } = await pointsOf(config, scope);
    const id = findPoint(
      points.map((point) => point.id),
      'latest',
    );
    return { manifest: points.find((point) => point.id === id) as Manifest, store: location };
  }
  const id = findPoint(await store.list(), text);
  const manifest = parseManifest((await store.manifest(id)) ?? '', id);
  if (manifest.project !== scope.project) {
    throw new RewindError('OTHER_PROJECT', `the restore point ${id} is of the project ${manifest.project}`, {
      exit: 'refused',
      hint: `Go to that project, or give its name: -p ${manifest.project}`,
    });
  }
  return { manifest, store: location };
}

function storeOf(config: RewindConfig): string {
  return config.stores[0] ?? '';
}
