import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { withoutSecrets } from '../../compose/without-secrets.ts';
import type { Consistency, Manifest, VolumeArtifact } from '../../restore-points/manifest.ts';
import { parseManifest, renderManifest } from '../../restore-points/manifest.ts';
import { compressed, nameList, openIndex } from '../../restore-points/volume/index-source.ts';
import { fieldOf, FIELDS, fileSize } from '../../restore-points/volume/index-records.ts';
import { originOf } from '../../restore-points/origin.ts';
import { latestOf, sortLatest } from '../../restore-points/volume/latest-index.ts';
import { layerFiles, type VolumeProgress } from '../../restore-points/volume/layer.ts';
import { nestedText } from '../../restore-points/volume/nested.ts';
import { RewindError } from '../../errors.ts';
import { openStore } from '../../stores/open.ts';
import type { PointWriter, StoredFile } from '../../stores/store.ts';
import { savedProgress, volumesDirectory, type PointPlace } from './archive-volumes.ts';
import { monotonicMs } from '../monotonic.ts';
import { stateDirectoryOf } from '../state-directory.ts';
import type { StepBase, StepContext } from './context.ts';
import { dumpedDatabases } from './dump-databases.ts';
import type { HelperSpec } from '../../docker/helper-container.ts';
import { releaseHelper } from '../../restore-points/volume/helper.ts';
import { helperFor } from './helper.ts';
import { stillRecord, type StillRecord } from './still-services.ts';

/** What is known of a volume before it is archived. */
export interface PlannedVolume extends Pick<VolumeArtifact, 'key' | 'slug' | 'kind' | 'name' | 'notes'> {
  /** How still it is when all goes well. */
  consistency: Exclude<Consistency, 'killed'>;
  /** The services that are stopped or paused for it. */
  services: readonly string[];
}

/** Write indexes, Compose files and, last, the manifest: from then on the point exists. */
export interface SealPoint extends StepBase, PointPlace {
  kind: 'seal-point';
  manifest: Omit<Manifest, 'volumes' | 'databases' | 'compose' | 'downtime' | 'finishedAt' | 'origin'>;
  volumes: readonly PlannedVolume[];
  /** Whether databases were dumped by a step before. */
  databases: boolean;
  /** Compose files to keep, absolute. */
  compose: readonly string[];
  /** Puts the last entries of indexes in order: now that services run again, in most plans. */
  helper?: HelperSpec;
  /**
   * It does not end meanwhile, where services do not run yet: what is in a volume of a kind that has to be mounted (tmpfs) is
   * gone when nobody uses it.
   */
  keepsHelper?: true;
}

/** Remove a point that never got its manifest; one that has it stays. */
export interface DiscardPoint extends StepBase, PointPlace {
  kind: 'discard-point';
}

const NOT_KEPT_BY_BUSYBOX = [
  'xattrs',
  'ACLs',
  'capabilities',
  'nanosecond times',
  'times of directories and links',
  'sparseness',
];

export async function sealPoint(step: SealPoint, context: StepContext): Promise<void> {
  const store = openStore(step.store, context.scope.directory);
  // Cut off after the manifest was written: there is nothing left to do.
  const isSealed = (await store.manifest(step.point)) !== undefined;
  const archived = isSealed ? [] : await sortedProgress(step, context);
  if (step.helper !== undefined && step.keepsHelper === undefined)
    await releaseHelper(context.workDirectory, step.helper);
  if (isSealed) return;
  const writer = await store.writer(step.point);
  const still = await stillRecord(context.workDirectory);
  const volumes: VolumeArtifact[] = [];
  for (const { planned, progress } of archived)
    volumes.push(await artifactOf(planned, progress, step, { writer, still, context }));
  const databases = step.databases ? await dumpedDatabases(context.workDirectory) : [];
  if (databases === undefined)
    throw new RewindError('DUMP_FAILED', 'the databases were not dumped by any step before');
  const compose: Manifest['compose'] = [];
  for (const [position, path] of step.compose.entries()) {
    const stored = await writer.write(
      `compose/${position}-${safeName(path)}`,
      Readable.from([Buffer.from(await withoutSecrets(await readFile(path, 'utf8')))]),
    );
    compose.push({ ...stored, original: basename(path) });
  }
  const downtime = Object.fromEntries(
    Object.entries(still.since).map(([service, since]) => [
      service,
      // The host may have been restarted in between: that clock then began anew.
      Math.max(0, (still.until[service] ?? monotonicMs()) - since),
    ]),
  );
  const finishedAt = new Date().toISOString();
  const described = { ...step.manifest, finishedAt, volumes, databases, compose, downtime };
  const origin = await originOf(stateDirectoryOf(context.scope.directory), described);
  const manifest = renderManifest({ ...described, origin });
  // What cannot be read again is found out now, and not when it is needed.
  parseManifest(manifest, step.point);
  await writer.commit(manifest);
}

/** What the passes came to for each volume, with its latest index in order where that is kept. */
async function sortedProgress(
  step: SealPoint,
  context: StepContext,
): Promise<{ planned: PlannedVolume; progress: VolumeProgress }[]> {
  const directory = await volumesDirectory(context);
  const archived = [];
  for (const planned of step.volumes) {
    const progress = await savedProgress(context, planned.slug);
    if (progress === undefined)
      throw new RewindError('ARCHIVE_FAILED', `${planned.key} was not archived by any step before`);
    if (progress.unsorted !== undefined && progress.same === undefined && step.helper !== undefined) {
      const helper = await helperFor(step.helper, context);
      await sortLatest(planned, { helper, directory, signal: context.signal }, progress);
    }
    archived.push({ planned, progress });
  }
  return archived;
}

export async function discardPoint(step: DiscardPoint, context: StepContext): Promise<void> {
  await openStore(step.store, context.scope.directory).discard(step.point);
}

async function artifactOf(
  planned: PlannedVolume,
  progress: VolumeProgress,
  step: SealPoint,
  { writer, still, context }: { writer: PointWriter; still: StillRecord; context: StepContext },
): Promise<VolumeArtifact> {
  const { services, consistency, ...known } = planned;
  const { slug } = planned;
  const file = join(await volumesDirectory(context), latestOf(progress));
  const totals = await totalsOf(file);
  const path = `volumes/${slug}.index.zst`;
  const { base, same } = progress;
  const index =
    same === undefined
      ? await writer.write(path, compressed(createReadStream(file)))
      : await writer.adopt({ point: same.heldBy ?? same.point, file: same.index }, path);
  const baseIndex =
    base === null
      ? undefined
      : await writer.adopt(
          { point: base.heldBy ?? base.point, file: base.index },
          `volumes/${slug}.base-index.zst`,
        );
  const unsettled =
    progress.unsettled.length === 0
      ? null
      : await writer.write(
          `volumes/${slug}.unsettled.zst`,
          compressed(Readable.from([nameList(progress.unsettled)])),
        );
  const own = progress.layers.filter((layer) => layer.point === step.point);
  const added: StoredFile[] = [...(same === undefined ? [index] : []), ...own.flatMap(layerFiles)];
  return {
    ...known,
    consistency: services.some((service) => still.killed.includes(service)) ? 'killed' : consistency,
    tools: progress.tools,
    lost: [
      ...(progress.tools === 'busybox' ? NOT_KEPT_BY_BUSYBOX : []),
      ...(totals.sockets > 0 ? [`sockets (${totals.sockets})`] : []),
      ...(progress.nested === undefined ? [] : [nestedText(progress.nested)]),
    ],
    notes: [...known.notes, ...notesOf(progress)],
    layers: progress.layers,
    index,
    base:
      base === null || baseIndex === undefined
        ? null
        : { point: base.point, layers: base.layers.length, index: baseIndex },
    unsettled,
    entries: totals.entries,
    bytes: totals.bytes,
    diskBytes: totals.diskBytes,
    addedBytes: added.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function notesOf(progress: VolumeProgress): string[] {
  return [
    ...(progress.unsettled.length > 0
      ? [`changed while it was archived: ${progress.unsettled.length} entries`]
      : []),
    ...(progress.vanished > 0 ? [`gone before they could be read: ${progress.vanished} files`] : []),
  ];
}

async function totalsOf(file: string) {
  const totals = { entries: 0, bytes: 0, diskBytes: 0, sockets: 0 };
  const reader = openIndex(file);
  const counted = new Set<string>();
  await reader.eachLine((line) => {
    totals.entries++;
    const size = fileSize(line);
    if (size === undefined) {
      if (fieldOf(line, FIELDS.type) === 's') totals.sockets++;
      return;
    }
    // Several names of one file take its room once.
    if (size.links > 1) {
      const inode = fieldOf(line, FIELDS.inode);
      if (counted.has(inode)) return;
      counted.add(inode);
    }
    totals.bytes += size.bytes;
    totals.diskBytes += size.blocks * 512;
  });
  return totals;
}

const safeName = (path: string): string => basename(path).replaceAll(/[^A-Za-z0-9._-]/g, '_');
