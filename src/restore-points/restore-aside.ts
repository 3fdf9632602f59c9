import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Runner } from '../docker/runner.ts';
import { inspectVolume } from '../docker/volumes.ts';
import { RewindError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import { MADE_BY } from '../plan/steps/volumes.ts';
import { prepareHelperStep } from './backup-plan.ts';
import type { DataObservation } from './data-observation.ts';
import { listFiles } from './list-files.ts';
import type { Manifest } from './manifest.ts';
import { artifactOf, pairsOf, writer, type PointRequest, type PreparedRestore } from './restore-plan.ts';
import type { DataSource } from './source.ts';
import { isSafePath } from './volume/index-records.ts';

/** Plans to put one volume of a point into a new volume; nothing is stopped. */
export async function planToVolume(
  runner: Runner,
  observation: DataObservation,
  request: PointRequest & { key: string; volume: string },
): Promise<PreparedRestore> {
  const { manifest, volume, store } = request;
  const artifact = artifactOf(manifest, request.key);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(volume)) {
    throw new RewindError('INVALID_NAME', `"${volume}" cannot be the name of a volume`, {
      exit: 'usage',
      hint: 'Letters, digits, dots, dashes and underscores; --to-volume uploads_copy',
    });
  }
  if ((await inspectVolume(runner, volume)) !== undefined) {
    throw new RewindError('VOLUME_EXISTS', `the volume ${volume} exists already`, {
      exit: 'refused',
      hint: `Choose another name, or remove it: docker volume rm ${volume}`,
    });
  }
  const id = randomBytes(3).toString('hex');
  const labels = { [MADE_BY]: id };
  const slug = 'target';
  const helper = writer(
    `rewind-restore-${manifest.id}-${id}`,
    [asSource(slug, 'volume', volume)],
    request.devices,
  );
  const remove: Step = {
    kind: 'remove-helper',
    resource: helper.name,
    reason: 'it has done its work',
    helper,
  };
  const plan: Plan = {
    command: 'restore',
    scope: observation.scope,
    steps: [
      prepareHelperStep(observation),
      { kind: 'create-volume', resource: volume, reason: '--to-volume', name: volume, labels },
      {
        kind: 'extract-volumes', resource: artifact.key, reason: '--to-volume', point: manifest.id, store, helper,
        staging: '', into: 'root', clear: false, parallel: 1, lossy: request.lossy, volumes: [{ artifact, slug }],
      },
    ],
    finish: [remove],
    undo: [
      remove,
      { kind: 'remove-volume', resource: volume, reason: 'it was not there before', name: volume, labels },
    ],
  }; // prettier-ignore
  return { plan, notes: [], volumes: [artifact.key], databases: [] };
}

/** Plans to put one file or folder of a volume back, into place or into a directory; nothing is stopped. */
export async function planFile(
  observation: DataObservation,
  request: PointRequest & { file: string; to: string | undefined },
): Promise<PreparedRestore> {
  const { manifest, store } = request;
  const { key, path } = parseFile(manifest, request.file);
  const artifact = artifactOf(manifest, key);
  const known = await listFiles(manifest, store, observation.scope.directory, key);
  if (!known.some((entry) => entry.path === `./${path}`)) {
    throw new RewindError('NO_SUCH_FILE', `${key} of ${manifest.id} has no ${path}`, {
      exit: 'notFound',
      hint: `docker rewind inspect ${manifest.id} --files ${key} lists what it has`,
    });
  }
  const to = request.to === undefined ? null : resolve(observation.scope.cwd, request.to);
  if (to !== null && lstatSync(to, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new RewindError('NO_DIRECTORY', `${to} is not a directory`, {
      exit: 'usage',
      hint: `mkdir -p ${to}`,
    });
  }
  const source =
    to === null
      ? pairsOf(observation, manifest, [key]).map((pair) => pair.source)[0]
      : asSource('target', 'bind', to);
  if (source === undefined) throw new Error('a volume without a place');
  const id = randomBytes(3).toString('hex');
  const staging = `.rewind-restore-${manifest.id}-${id}`;
  const helper = writer(`rewind-restore-${manifest.id}-${id}`, [source], request.devices);
  const remove: Step = {
    kind: 'remove-helper',
    resource: helper.name,
    reason: 'it has done its work',
    helper,
  };
  const common = { resource: key, helper, staging, slugs: [source.slug] };
  const plan: Plan = {
    command: 'restore',
    scope: observation.scope,
    steps: [
      prepareHelperStep(observation),
      {
        kind: 'place-files', resource: key, reason: '--file', point: manifest.id, store, helper, artifact,
        slug: source.slug, staging, paths: [path], to, lossy: request.lossy,
      },
    ],
    finish: [{ kind: 'drop-old', reason: 'it has served', ...common }, remove],
    undo: [{ kind: 'unswap-volumes', reason: 'nothing is left behind', levels: [], ...common }, remove],
  }; // prettier-ignore
  return { plan, notes: [], volumes: [request.file], databases: [] };
}

/** `uploads:2026/11/cat.jpg`; a directory's key may hold a colon itself. */
function parseFile(manifest: Manifest, text: string): { key: string; path: string } {
  const key = manifest.volumes
    .map((volume) => volume.key)
    .filter((name) => text.startsWith(`${name}:`))
    .sort((a, b) => b.length - a.length)[0];
  const path = text
    .slice((key ?? '').length + 1)
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '');
  if (key !== undefined && isSafePath(`./${path}`)) return { key, path };
  throw new RewindError('INVALID_FILE', `"${text}" names no file of the restore point ${manifest.id}`, {
    exit: 'usage',
    hint: `Write VOLUME:PATH, like ${manifest.volumes[0]?.key ?? 'uploads'}:2026/11/cat.jpg`,
  });
}

function asSource(slug: string, kind: DataSource['kind'], source: string): DataSource {
  return { key: slug, slug, kind, source, mode: 'hot' };
}
