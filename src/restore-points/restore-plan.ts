import type { Project } from '../compose/project.ts';
import { isRunning } from '../docker/containers.ts';
import type { HelperSpec } from '../docker/helper-container.ts';
import type { Runner } from '../docker/runner.ts';
import { inspectVolumes } from '../docker/volumes.ts';
import { databaseServices } from '../databases/recognise.ts';
import { RewindError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { Step } from '../plan/steps/index.ts';
import type { ResumeContainers } from '../plan/steps/still-services.ts';
import { MADE_BY } from '../plan/steps/volumes.ts';
import { planBackup, prepareHelperStep, stopStep, type BackupParts } from './backup-plan.ts';
import {
  databaseSteps,
  namesDatabase,
  newRestoreId,
  observeServers,
  wantedDatabases,
} from './database-restore.ts';
import type { DataObservation } from './data-observation.ts';
import { isCovered, sourcesOf } from './data-selection.ts';
import type { Manifest, VolumeArtifact } from './manifest.ts';
import { startLevels } from './order.ts';
import { dataSources, uses, volumeNames, type DataSource } from './source.ts';

/** What is put back, and how strictly. */
export interface PointRequest {
  manifest: Manifest;
  store: string;
  /** Device nodes may be made. */
  devices: boolean;
  /** Attributes that the file system does not take are left out. */
  lossy: boolean;
}

export interface RestoreRequest extends PointRequest {
  /** Keys; empty: everything of the point. */
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
  /** What is put back. */
  volumes: string[];
  databases: string[];
  /** The id of the restore point of the present data; undefined without one. */
  safety?: string;
}

/**
 * Plans to put volumes and databases back in their place: staged beside the present data, swapped by renaming, swapped
 * back on failure.
 */
export async function planRestore(
  runner: Runner,
  observation: DataObservation,
  request: RestoreRequest,
): Promise<PreparedRestore> {
  const { project, scope } = observation;
  const { manifest } = request;
  const { pairs, artifacts, left } = wanted(observation, manifest, request.only);
  const databases = await observeServers(runner, observation, artifacts);
  const sources = pairs.map(({ source }) => source);
  const missing = await missingVolumes(runner, sources);
  const present = sources.filter((source) => !missing.includes(source));
  const point = manifest.id;
  const id = newRestoreId();
  const staging = `.rewind-restore-${point}-${id}`;
  const helper = writer(`rewind-restore-${point}-${id}`, sources, request.devices);
  const backup =
    request.safety && present.length + databases.present.length > 0
      ? await planBackup(runner, observation, {
          sources: present,
          databases: databases.present,
          counts: true,
          parallel: request.parallel,
          reason: `before restore of ${point}`,
          resumes: false,
          missing: 'skip',
        })
      : undefined;

  const containers = [...observation.containers.values()].flat();
  const files = [
    ...sources,
    ...databases.offline.flatMap(({ service }) => sourcesOf(service, project, observation.config)),
  ];
  const users = containers.filter(
    (container) => isRunning(container) && files.some((source) => uses(container, source, 'any')),
  );
  const levels = startLevels(project.model, users);
  const servers = startLevels(project.model, databases.containers);
  const steps = databaseSteps(
    databases,
    { point, store: request.store, id },
    startLevels(project.model, containers),
    levels,
  );
  const resource = sources.map(({ key }) => key).join(', ');
  const slugs = sources.map(({ slug }) => slug);
  const made = missing.map((source) => madeVolume(source, project, id));
  const extract = (into: 'staging' | 'root', clear: boolean): Step => ({
    kind: 'extract-volumes', resource, reason: clear ? '--in-place' : 'checked before anything stops',
    point, store: request.store, helper, staging, into, clear, parallel: request.parallel,
    lossy: request.lossy,
    ...(clear ? { levels } : {}),
    volumes: pairs.map(({ artifact, source }) => ({ artifact, slug: source.slug })),
  }); // prettier-ignore
  const { unchecked } = databases;
  const verify: Step = {
    kind: 'verify-artifacts', resource: [...keysOf(unchecked), ...(request.inPlace ? [resource] : [])].join(', '),
    reason: 'every stored byte, before anything stops', point, store: request.store, databases: unchecked,
    // The staged ones are checked while they are extracted.
    volumes: request.inPlace ? pairs.map(({ artifact }) => artifact) : [], refuseDevices: !request.devices,
    ...(request.inPlace ? { emptied: { helper, volumes: sources.map(({ key, slug }) => ({ key, slug })) } } : {}),
  }; // prettier-ignore
  const hasVolumes = pairs.length > 0;
  const resumeOf = (which: typeof levels): ResumeContainers[] =>
    which.length === 0
      ? []
      : [
          {
            kind: 'resume-containers',
            resource: namesOf(which),
            reason: 'exactly those that ran',
            levels: which,
          },
        ];
  const resume = resumeOf(levels);
  const serversBack = (): Step[] =>
    steps.unswap.length === 0
      ? []
      : resumeOf(servers).map((step) => ({ ...step, evenUnhealthy: true as const }));
  const stop = levels.length === 0 ? [] : [stopStep(levels, `they use ${filesText(files)}`)];
  const staged: Step[] = [
    ...(unchecked.length > 0 || request.inPlace ? [verify] : []),
    ...(hasVolumes && !request.inPlace ? [extract('staging', false)] : []),
    ...steps.load,
  ];
  const swap: Step[] = !hasVolumes
    ? []
    : request.inPlace
      ? [extract('root', true)]
      : [{ kind: 'swap-volumes', resource, reason: 'by renaming', helper, staging, slugs }];
  // A server that was stopped for its files has to run before its databases can be swapped; its clients wait for both.
  const serverFiles = levels
    .flat()
    .some(({ id: user }) => databases.containers.some((each) => each.id === user));
  const needsHelper = hasVolumes || databases.offline.length > 0;
  const removeHelper = (reason: string): Step => ({
    kind: 'remove-helper',
    resource: helper.name,
    reason,
    helper,
  });
  const before: Step[] = [
    ...(needsHelper && !backup?.first.some(({ kind }) => kind === 'prepare-helper')
      ? [prepareHelperStep(observation)]
      : []),
    ...(backup?.first ?? []),
    ...made.map((step): Step => step.create),
    ...staged,
    ...stop,
    ...settledOf(backup),
    ...(backup?.seal ?? []),
  ];
  const overwrites = request.inPlace && hasVolumes;
  const plan: Plan = {
    command: 'restore',
    scope,
    // What somebody was told to be written to the restored data is lost when it is swapped back; and volumes that are
    // overwritten in their place can only be overwritten again.
    onward: before.length + (overwrites ? 0 : swap.length),
    ...(overwrites ? { noWayBack: true as const } : {}),
    steps: [
      ...before,
      ...swap,
      ...(serverFiles ? resumeOf(servers) : []),
      ...steps.swap,
      ...resume,
      ...steps.health,
    ],
    finish: [
      ...steps.drop,
      ...(request.inPlace || !hasVolumes
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
      ...(hasVolumes ? [removeHelper('it has done its work')] : []),
      ...(backup?.finish ?? []),
    ],
    undo: [
      ...steps.unswapFiles,
      ...(request.inPlace || !hasVolumes
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
      ...serversBack(),
      ...steps.unswap,
      // One that died on the way runs again by now, but may not be well yet.
      ...serversBack(),
      ...resume,
      ...(hasVolumes ? [removeHelper('nothing is left behind')] : []),
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
    ...left.map((key) => `${key} is put back from the dump, not from its files; --only ${key} does that`),
    ...databases.notes,
    ...artifacts.flatMap((artifact) => artifact.notes.map((note) => `${artifact.key}: ${note}`)),
    ...pairs.flatMap(({ artifact }) => artifact.notes.map((note) => `${artifact.key}: ${note}`)),
  ];
  const volumes = pairs.map(({ artifact }) => artifact.key);
  return {
    plan,
    notes,
    volumes,
    databases: keysOf(artifacts),
    ...(backup === undefined ? {} : { safety: backup.point }),
  };
}

/** What the names mean in a point. `left`: volumes that the dumps of the same point cover, without names. */
function wanted(observation: DataObservation, manifest: Manifest, only: readonly string[]) {
  const artifacts = wantedDatabases(manifest, only);
  const volumes = only.filter((name) => !namesDatabase(manifest, name));
  if (only.length > 0) {
    const pairs = volumes.length === 0 ? [] : pairsOf(observation, manifest, volumes);
    return { artifacts, pairs, left: [] };
  }
  const all = pairsOf(observation, manifest, []);
  const services = databaseServices(observation.project, observation.config);
  const dumped = services.filter(({ service }) => artifacts.some((artifact) => artifact.service === service));
  const pairs = all.filter(
    ({ source }) => !isCovered(source, observation.project, observation.config, dumped),
  );
  const left = all.filter((pair) => !pairs.includes(pair)).map(({ artifact }) => artifact.key);
  return { artifacts, pairs, left };
}

const keysOf = (artifacts: readonly { key: string }[]): string[] => artifacts.map(({ key }) => key);

const filesText = (sources: readonly DataSource[]): string =>
  [...new Set(sources.map(({ key }) => key))].join(', ');

/** The services are stopped for the restore anyway: what the backup would stop or pause by itself is among them. */
function settledOf(backup: BackupParts | undefined): Step[] {
  return backup === undefined ? [] : backup.settled;
}

export function writer(name: string, sources: readonly DataSource[], devices: boolean): HelperSpec {
  return {
    name,
    write: true,
    devices,
    mounts: sources.map(({ slug, kind, source }) => ({ slug, kind, source })),
  };
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
    hint: `It has ${[...manifest.databases, ...manifest.volumes].map((artifact) => artifact.key).join(', ')}`,
  });
}

async function missingVolumes(runner: Runner, sources: readonly DataSource[]): Promise<DataSource[]> {
  const present = await inspectVolumes(runner, volumeNames(sources));
  return sources.filter(({ kind, source }) => kind === 'volume' && !present.has(source));
}

interface VolumeModel {
  driver?: string;
  driver_opts?: Record<string, string | number>;
  labels?: Record<string, string>;
  external?: boolean;
}

/** Makes a volume as Compose would, so that Compose takes it for its own. */
function madeVolume(source: DataSource, project: Project, id: string): { create: Step; remove: Step } {
  const model = (project.model.volumes?.[source.key] ?? {}) as VolumeModel;
  const options = Object.fromEntries(
    Object.entries(model.driver_opts ?? {}).map(([key, value]) => [key, String(value)]),
  );
  // Command lines can be read by everybody on the host.
  if (/pass|secret|credential/i.test(JSON.stringify(options))) {
    throw new RewindError(
      'NO_SUCH_VOLUME',
      `the volume ${source.source} is gone, and its options hold a secret`,
      {
        exit: 'refused',
        hint: 'docker compose create makes it; then restore again',
      },
    );
  }
  const labels = {
    ...model.labels,
    ...(model.external === true
      ? {}
      : { 'com.docker.compose.project': project.name, 'com.docker.compose.volume': source.key }),
    [MADE_BY]: id,
  };
  const step = { resource: source.source, name: source.source, labels };
  const driver = { ...(model.driver === undefined ? {} : { driver: model.driver }), options };
  return {
    create: { kind: 'create-volume', reason: 'it is gone', driver, ...step },
    remove: { kind: 'remove-volume', reason: 'it was not there before', ...step },
  };
}

function namesOf(levels: ReturnType<typeof startLevels>): string {
  return levels
    .flat()
    .map(({ service }) => service)
    .join(', ');
}
