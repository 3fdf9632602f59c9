import { randomBytes } from 'node:crypto';
import { isRunning } from '../docker/containers.ts';
import type { HelperSpec } from '../docker/helper-container.ts';
import type { Runner } from '../docker/runner.ts';
import { inspectVolume } from '../docker/volumes.ts';
import { RewindError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import { MADE_BY } from '../plan/steps/volumes.ts';
import { helperImageOf, planBackup, stopStep, type BackupParts } from './backup-plan.ts';
import type { DataObservation } from './data-observation.ts';
import type { Manifest, VolumeArtifact } from './manifest.ts';
import { startLevels } from './order.ts';
import { dataSources, uses, type DataSource } from './source.ts';

export interface RestoreRequest {
  manifest: Manifest;
  store: string;
  /** Keys; empty: every volume of the point. */
  only: readonly string[];
  /** Without a second copy beside the present data, and so without a way back. */
  inPlace: boolean;
  /** Take a restore point of the present data first. */
  safety: boolean;
  parallel: number;
}

/** A restore's plan, and what people should know before they say yes. */
export interface PreparedRestore {
  plan: Plan;
  notes: string[];
  /** The id of the restore point of the present data; undefined without one. */
  safety?: string;
}

/** Plans to put volumes back in their place: staged beside the present data, swapped by renaming, swapped back on failure. */
export async function planRestore(
  runner: Runner,
  observation: DataObservation,
  request: RestoreRequest,
): Promise<PreparedRestore> {
  const { project, scope } = observation;
  const { manifest } = request;
  const pairs = pairsOf(observation, manifest, request.only);
  const sources = pairs.map(({ source }) => source);
  const missing = await missingVolumes(runner, sources);
  const present = sources.filter((source) => !missing.includes(source));
  const point = manifest.id;
  const id = randomBytes(3).toString('hex');
  const staging = `.rewind-restore-${point}-${id}`;
  const helper = writer(`rewind-restore-${point}-${id}`, sources);
  const backup =
    request.safety && present.length > 0
      ? await planBackup(runner, observation, {
          sources: present,
          parallel: request.parallel,
          reason: `before restore of ${point}`,
          missing: 'skip',
        })
      : undefined;

  const containers = [...observation.containers.values()].flat();
  const users = containers.filter(
    (container) => isRunning(container) && sources.some((source) => uses(container, source, 'any')),
  );
  const levels = startLevels(project.model, users);
  const resource = sources.map(({ key }) => key).join(', ');
  const slugs = sources.map(({ slug }) => slug);
  const made = missing.map((source) => madeVolume(source, project.name, id));
  const extract = (into: 'staging' | 'root', clear: boolean): Step => ({
    kind: 'extract-volumes', resource, reason: clear ? '--in-place' : 'checked before anything stops',
    point, store: request.store, helper, staging, into, clear, parallel: request.parallel,
    volumes: pairs.map(({ artifact, source }) => ({ artifact, slug: source.slug })),
  }); // prettier-ignore
  const verify: Step = {
    kind: 'verify-artifacts', resource, reason: 'every stored byte, before anything stops',
    point, store: request.store, volumes: pairs.map(({ artifact }) => artifact),
  }; // prettier-ignore
  const resume: Step[] =
    levels.length === 0
      ? []
      : [{ kind: 'resume-containers', resource: namesOf(levels), reason: 'exactly those that ran', levels }];
  const stop = levels.length === 0 ? [] : [stopStep(levels, `they use ${resource}`)];
  const staged: Step[] = request.inPlace ? [verify] : [extract('staging', false)];
  const swap: Step = request.inPlace
    ? extract('root', true)
    : { kind: 'swap-volumes', resource, reason: 'by renaming', helper, staging, slugs };
  const prepare: Step = {
    kind: 'prepare-helper', resource: 'helper image', reason: 'before anything stops',
    configured: helperImageOf(observation),
  }; // prettier-ignore
  const plan: Plan = {
    command: 'restore',
    scope,
    steps: [
      ...(backup === undefined ? [prepare] : backup.first),
      ...made.map((step): Step => step.create),
      ...staged,
      ...stop,
      ...settledOf(backup),
      ...(backup?.seal ?? []),
      swap,
      ...resume,
    ],
    finish: [
      ...(request.inPlace
        ? []
        : [
            {
              kind: 'drop-old',
              resource,
              reason: 'the restored data is in use',
              helper,
              staging,
              slugs,
            } satisfies Step,
          ]),
      { kind: 'remove-helper', resource: helper.name, reason: 'it has done its work', helper },
      ...(backup?.finish ?? []),
    ],
    undo: [
      ...(request.inPlace
        ? []
        : [
            {
              kind: 'unswap-volumes',
              resource,
              reason: 'as it was before',
              helper,
              staging,
              slugs,
              levels,
            } satisfies Step,
          ]),
      ...resume,
      { kind: 'remove-helper', resource: helper.name, reason: 'nothing is left behind', helper },
      ...(backup?.undo.filter(({ kind }) => kind !== 'resume-containers') ?? []),
      ...made.map((step): Step => step.remove),
    ],
  };
  const notes = [
    ...(backup?.notes ?? []),
    ...(request.inPlace
      ? [
          `in place: when this fails, only ${backup?.point ?? 'another restore point'} brings the present data back`,
        ]
      : []),
    ...pairs.flatMap(({ artifact }) => artifact.notes.map((note) => `${artifact.key}: ${note}`)),
  ];
  return { plan, notes, ...(backup === undefined ? {} : { safety: backup.point }) };
}

/** The services are stopped for the restore anyway: what the backup would stop or pause by itself is among them. */
function settledOf(backup: BackupParts | undefined): Step[] {
  return backup === undefined ? [] : backup.settled;
}

export function writer(name: string, sources: readonly DataSource[]): HelperSpec {
  return { name, write: true, mounts: sources.map(({ slug, kind, source }) => ({ slug, kind, source })) };
}

/** The volumes of the point that are wanted, each with where it goes in the project of today. */
export function pairsOf(
  observation: DataObservation,
  manifest: Manifest,
  only: readonly string[],
): { artifact: VolumeArtifact; source: DataSource }[] {
  const artifacts = only.length === 0 ? manifest.volumes : only.map((key) => artifactOf(manifest, key));
  // What x-rewind leaves out of new points can be put back all the same.
  const everything = { ...observation.config, volumes: {} };
  const sources = dataSources(observation.project, everything);
  return artifacts.map((artifact) => {
    const source = sources.find(({ key, kind }) => key === artifact.key && kind === artifact.kind);
    if (source !== undefined) return { artifact, source };
    throw new RewindError(
      'UNKNOWN_VOLUME',
      `${artifact.key} of ${manifest.id} is no volume of this project any more`,
      {
        exit: 'refused',
        hint: `docker rewind restore ${manifest.id} --only ${artifact.key} --to-volume NAME puts it into a new one`,
      },
    );
  });
}

export function artifactOf(manifest: Manifest, key: string): VolumeArtifact {
  const found = manifest.volumes.find((volume) => volume.key === key);
  if (found !== undefined) return found;
  throw new RewindError('UNKNOWN_VOLUME', `the restore point ${manifest.id} has no "${key}"`, {
    exit: 'notFound',
    hint: `It has ${manifest.volumes.map((volume) => volume.key).join(', ')}`,
  });
}

async function missingVolumes(runner: Runner, sources: readonly DataSource[]): Promise<DataSource[]> {
  const missing: DataSource[] = [];
  for (const source of sources) {
    if (source.kind === 'volume' && (await inspectVolume(runner, source.source)) === undefined)
      missing.push(source);
  }
  return missing;
}

/** Makes a volume as Compose would, so that Compose takes it for its own. */
function madeVolume(source: DataSource, project: string, id: string): { create: Step; remove: Step } {
  const labels = {
    'com.docker.compose.project': project,
    'com.docker.compose.volume': source.key,
    [MADE_BY]: id,
  };
  const step = { resource: source.source, name: source.source, labels };
  return {
    create: { kind: 'create-volume', reason: 'it is gone', ...step },
    remove: { kind: 'remove-volume', reason: 'it was not there before', ...step },
  };
}

function namesOf(levels: ReturnType<typeof startLevels>): string {
  return levels
    .flat()
    .map(({ service }) => service)
    .join(', ');
}
