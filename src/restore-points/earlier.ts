import type { Store } from '../stores/store.ts';
import { parseManifest, type Manifest, type VolumeArtifact } from './manifest.ts';
import { layerBytes, type EarlierVolume } from './volume/layer.ts';

/** How many points may build on one full before a new one is made. */
const MOST_DIFFERENTIALS = 20;

/** All points of a store, newest first; what cannot be read is named, never passed over in silence. */
export async function readPoints(
  store: Store,
): Promise<{ points: Manifest[]; problems: { id: string; error: Error }[] }> {
  const ids = (await store.list()).sort().toReversed();
  const points: Manifest[] = [];
  const problems: { id: string; error: Error }[] = [];
  for (const id of ids) {
    try {
      points.push(parseManifest((await store.manifest(id)) ?? '', id));
    } catch (error) {
      problems.push({ id, error: error as Error });
    }
  }
  return { points, problems };
}

/**
 * What of the earlier points of the same project a new archive of a volume can build on: `last` to reuse all of it,
 * `base` for a differential. `full`: a new full is due, because the newest differential has grown to half of its full,
 * or there are twenty already.
 */
export function earlierOf(
  points: readonly Manifest[],
  scope: { project: string; environment: string },
  key: string,
): { last?: EarlierVolume; base?: EarlierVolume; full: boolean } {
  const usable = points.flatMap((point) => {
    if (point.project !== scope.project || point.environment !== scope.environment) return [];
    return point.volumes
      .filter((volume) => volume.key === key && volume.tools === 'gnu')
      .map((volume) => ({ point: point.id, volume }));
  });
  const [newest] = usable;
  if (newest === undefined) return { full: true };
  const last = earlier(newest.point, newest.volume);
  const full = fullOf(newest.point, newest.volume);
  const differentials = usable.filter(({ volume }) => volume.base?.point === full.point).length;
  const own = layerBytes(newest.volume.layers.slice(full.layers.length));
  const packed = layerBytes(full.layers);
  const due = differentials >= MOST_DIFFERENTIALS || own > packed / 2;
  const { diskBytes } = newest.volume;
  const base = { ...full, ...(diskBytes > 0 ? { packing: packed / diskBytes } : {}) };
  return { last, base, full: due };
}

/** Bytes that the newest dumps of these services took. */
export function lastDumps(
  points: readonly Manifest[],
  scope: { project: string },
  services: readonly { service: string }[],
): number {
  const own = points.filter(({ project }) => project === scope.project);
  return services.reduce((sum, { service }) => {
    const last = own
      .map(({ databases }) => databases.filter((dumped) => dumped.service === service))
      .find((dumps) => dumps.length > 0);
    return sum + (last ?? []).reduce((bytes, { dump }) => bytes + dump.bytes, 0);
  }, 0);
}

function earlier(point: string, volume: VolumeArtifact): EarlierVolume {
  return { point, layers: volume.layers, index: volume.index };
}

/** The full that a volume of a point is or builds on, as that point itself holds it: the full's own point may be gone. */
function fullOf(point: string, volume: VolumeArtifact): EarlierVolume {
  if (volume.base === null) return earlier(point, volume);
  return {
    point: volume.base.point,
    layers: volume.layers.slice(0, volume.base.layers),
    index: volume.base.index,
    heldBy: point,
  };
}
