import { createHash } from 'node:crypto';
import type { DatabaseArtifact, EngineKind } from '../databases/engine.ts';
import { RewindError } from '../errors.ts';
import type { StoredFile } from '../stores/store.ts';
import { hasManifestShape } from './manifest-shape.ts';
import { layerFiles, type Layer } from './volume/layer.ts';

/** How still a volume was while it was archived. `killed`: stopped, but a container had to be killed for it. */
export type Consistency = 'stopped' | 'paused' | 'hot' | 'killed' | 'no-writer';

/** One volume (or bind-mounted directory) in a restore point. */
export interface VolumeArtifact {
  /** The key in compose.yml; of a directory its path in the project. */
  key: string;
  slug: string;
  kind: 'volume' | 'bind';
  /** The volume's name in the engine, or the directory's path in the project. */
  name: string;
  consistency: Consistency;
  /** Which tools wrote it; what BusyBox wrote has no xattrs, ACLs, nanoseconds or holes. */
  tools: 'gnu' | 'busybox';
  /** What was not kept, in words. */
  lost: string[];
  /** What people should know: files that changed while they were read, writers that nobody stopped. */
  notes: string[];
  layers: Layer[];
  /** The volume index of the state that the layers give. */
  index: StoredFile;
  /** The index of the full that a differential builds on; null where the first layer is this point's own. */
  base: { point: string; layers: number; index: StoredFile } | null;
  /** Names that were changing while they were archived; null where there are none. */
  unsettled: StoredFile | null;
  entries: number;
  /** Sizes of all files. */
  bytes: number;
  /** What they take on the disk, holes not counted. */
  diskBytes: number;
  /** Bytes that this point added to the store. */
  addedBytes: number;
}

/** The description of one restore point: `manifest.json`, written last. */
export interface Manifest {
  schema: number;
  id: string;
  project: string;
  environment: string;
  /** ISO 8601 */
  createdAt: string;
  finishedAt: string;
  host: string;
  user: string;
  /** Why it was taken: `backup`, `deploy v4`, `restore 2026…`. */
  reason: string;
  volumes: VolumeArtifact[];
  databases: DatabaseArtifact[];
  /** By service: the image that ran. */
  images: Record<string, { image: string; imageId: string }>;
  /** Copies of the Compose files. */
  compose: (StoredFile & { original: string })[];
  /** By service: how long it was down for this point, in milliseconds. */
  downtime: Record<string, number>;
  /** The mark of the project directory that made it; see origin.ts. Absent in older points. */
  origin?: string;
}

/** 2: layers may hold parts of files. */
export const MANIFEST_SCHEMA = 2;

/** The manifest as it is stored: it ends with the checksum of its own text. */
export function renderManifest(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, checksum: checksum(manifest) }, undefined, 2)}\n`;
}

/**
 * Reads a stored manifest. Any change of a single byte is found: the text must be what rendering it again gives.
 * Throws DAMAGED (exit 4) for that, NEWER (exit 4) for a shape that this version does not know.
 */
export function parseManifest(text: string, id: string): Manifest {
  let parsed: Manifest & { checksum?: string };
  try {
    parsed = JSON.parse(text) as Manifest & { checksum?: string };
  } catch (error) {
    throw damaged(id, 'it is not JSON', error);
  }
  if (typeof parsed !== 'object' || parsed === null) throw damaged(id, 'it is no manifest');
  const { checksum: stated, ...manifest } = parsed;
  if (stated !== checksum(manifest) || renderManifest(manifest) !== text)
    throw damaged(id, 'its checksum is not that of its content');
  if (manifest.schema > MANIFEST_SCHEMA) {
    throw new RewindError('NEWER', `the restore point ${id} was made by a newer docker rewind`, {
      exit: 'refused',
      hint: 'Upgrade docker rewind here',
    });
  }
  if (manifest.id !== id) throw damaged(id, `it says that it describes ${String(manifest.id)}`);
  // Points from before databases were dumped have no such list.
  manifest.databases ??= [];
  if (!hasManifestShape(manifest)) throw damaged(id, 'it has not the form of a manifest');
  const files = [...manifest.volumes.flatMap(filesOf), ...manifest.databases.flatMap(dumpFilesOf)];
  const bad = [...files, ...manifest.compose].find((file) => !isStoredPath(file.path));
  if (bad !== undefined) throw damaged(id, 'it names a file outside its own directory');
  if (!manifest.databases.every(isSound)) throw damaged(id, 'it has a database without a usable name');
  const unknown = manifest.databases.find(({ engine }) => !Object.hasOwn(KINDS, engine));
  if (unknown !== undefined) {
    throw new RewindError(
      'NEWER',
      `the restore point ${id} has a database of a kind that is not known here`,
      {
        exit: 'refused',
        hint: 'Upgrade docker rewind here',
      },
    );
  }
  if (manifest.volumes.some((volume) => !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(volume.slug)))
    throw damaged(id, 'it has a volume without a usable name');
  return manifest;
}

/** Every stored file that restoring a volume needs, and the lists beside them. */
export function filesOf(volume: VolumeArtifact): StoredFile[] {
  return [
    volume.index,
    ...volume.layers.flatMap(layerFiles),
    ...(volume.unsettled === null ? [] : [volume.unsettled]),
    ...(volume.base === null ? [] : [volume.base.index]),
  ];
}

/** The stored files of one dump. */
export function dumpFilesOf({ dump, globals }: DatabaseArtifact): StoredFile[] {
  return globals === null ? [dump] : [dump, globals];
}

const KINDS: Readonly<Record<EngineKind, true>> = {
  postgres: true, mysql: true, mariadb: true, redis: true, sqlite: true, custom: true,
}; // prettier-ignore

/** Names come from servers and may be anything; these only have to be names. */
function isSound({ key, service, database }: DatabaseArtifact): boolean {
  return [key, service, database].every(
    (name) => typeof name === 'string' && name !== '' && !name.includes('\0'),
  );
}

function checksum(manifest: object): string {
  return createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
}

function isStoredPath(path: unknown): boolean {
  return (
    typeof path === 'string' &&
    /^(volumes|compose|databases)\//.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') &&
    !path.includes('\0')
  );
}

function damaged(id: string, why: string, cause?: unknown): RewindError {
  return new RewindError('DAMAGED', `the manifest of the restore point ${id} is damaged: ${why}`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
    cause,
  });
}
