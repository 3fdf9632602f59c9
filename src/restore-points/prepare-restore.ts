import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { DataObservation } from './data-observation.ts';
import { readPoint } from './find.ts';
import type { Manifest } from './manifest.ts';
import { planFile, planToVolume } from './restore-aside.ts';
import { planRestore, type PreparedRestore } from './restore-plan.ts';

export interface RestoreOptions {
  point: string;
  only: readonly string[];
  file: string | undefined;
  to: string | undefined;
  toVolume: string | undefined;
  inPlace: boolean;
  safety: boolean;
  parallel: number;
}

/** Finds the point and plans what `restore` was asked for. */
export async function prepareRestore(
  runner: Runner,
  observation: DataObservation,
  options: RestoreOptions,
): Promise<PreparedRestore & { manifest: Manifest; keys: string[]; harmless: boolean }> {
  const { manifest, store } = await readPoint(observation.config, observation.scope, options.point);
  const taken = `taken ${manifest.createdAt} (${manifest.reason}) by ${manifest.user}`;
  if (options.file !== undefined) {
    const prepared = await planFile(observation, { manifest, store, file: options.file, to: options.to });
    return { ...prepared, manifest, keys: [options.file], harmless: options.to !== undefined };
  }
  if (options.toVolume !== undefined) {
    const key = oneKey(manifest, options.only);
    const prepared = await planToVolume(runner, observation, {
      manifest,
      store,
      key,
      volume: options.toVolume,
    });
    return { ...prepared, manifest, keys: [key], harmless: true };
  }
  const { inPlace, safety, parallel, only } = options;
  const prepared = await planRestore(runner, observation, {
    manifest,
    store,
    only,
    inPlace,
    safety,
    parallel,
  });
  const keys = only.length === 0 ? manifest.volumes.map((volume) => volume.key) : [...only];
  return { ...prepared, notes: [taken, ...prepared.notes], manifest, keys, harmless: false };
}

function oneKey(manifest: Manifest, only: readonly string[]): string {
  const keys = only.length === 0 ? manifest.volumes.map((volume) => volume.key) : only;
  const [key] = keys;
  if (keys.length === 1 && key !== undefined) return key;
  throw new RewindError('ONE_VOLUME', '--to-volume takes one volume', {
    exit: 'usage',
    hint: `Name it: --only ${manifest.volumes[0]?.key ?? 'uploads'}`,
  });
}
