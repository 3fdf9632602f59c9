import type { DatabaseArtifact } from '../databases/engine.ts';
import type { Runner } from '../docker/runner.ts';
import { RewindError } from '../errors.ts';
import type { DataObservation } from './data-observation.ts';
import { wantedDatabases } from './database-restore.ts';
import { isOwn } from './origin.ts';
import { readPoint } from './find.ts';
import type { Manifest } from './manifest.ts';
import { planFile, planToVolume } from './restore-aside.ts';
import { planToDatabase } from './restore-beside.ts';
import { planRestore, type PreparedRestore } from './restore-plan.ts';

export interface RestoreOptions {
  point: string;
  only: readonly string[];
  file: string | undefined;
  to: string | undefined;
  toVolume: string | undefined;
  toDatabase: string | undefined;
  inPlace: boolean;
  safety: boolean;
  parallel: number;
  /** Device nodes of a point from elsewhere may be made. */
  allowDevices: boolean;
  /** Attributes that the file system does not take are left out. */
  allowLostAttributes: boolean;
}

const FOREIGN =
  'it was not made in this project directory: restore it only if you trust whoever made it, since a dump runs as a program';

/** Finds the point and plans what `restore` was asked for. */
export async function prepareRestore(
  runner: Runner,
  observation: DataObservation,
  options: RestoreOptions,
): Promise<PreparedRestore & { manifest: Manifest; harmless: boolean }> {
  const { manifest, store } = await readPoint(observation.config, observation.scope, options.point);
  const own = await isOwn(observation.stateDirectory, manifest);
  const from = {
    manifest,
    store,
    devices: options.allowDevices || own,
    lossy: options.allowLostAttributes,
  };
  if (options.file !== undefined) {
    const prepared = await planFile(observation, {
      ...from,
      file: options.file,
      to: options.to,
    });
    return { ...prepared, manifest, harmless: options.to !== undefined };
  }
  if (options.toVolume !== undefined) {
    const key = oneKey(manifest, options.only);
    const prepared = await planToVolume(runner, observation, {
      ...from,
      key,
      volume: options.toVolume,
    });
    return { ...prepared, manifest, harmless: true };
  }
  if (options.toDatabase !== undefined) {
    const artifact = oneDatabase(manifest, options.only);
    const prepared = await planToDatabase(runner, observation, {
      manifest,
      store,
      artifact,
      database: options.toDatabase,
    });
    return { ...prepared, manifest, harmless: true };
  }
  const { inPlace, safety, parallel, only } = options;
  const prepared = await planRestore(runner, observation, {
    ...from,
    only,
    inPlace,
    safety,
    parallel,
  });
  return {
    ...prepared,
    notes: [...(own ? [] : [FOREIGN]), ...prepared.notes],
    manifest,
    harmless: false,
  };
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

function oneDatabase(manifest: Manifest, only: readonly string[]): DatabaseArtifact {
  const artifacts = wantedDatabases(manifest, only);
  const [artifact] = artifacts;
  if (artifacts.length === 1 && artifact !== undefined) return artifact;
  throw new RewindError('ONE_DATABASE', '--to-database takes one database', {
    exit: 'usage',
    hint: `Name it: --only ${manifest.databases[0]?.key ?? 'db/shop'}`,
  });
}
