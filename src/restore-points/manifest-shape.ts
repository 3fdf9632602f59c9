import { isPointId } from '../stores/store.ts';
import { isSafePath } from './volume/index-records.ts';

type Check = (value: unknown) => boolean;

// A manifest from elsewhere may say anything. More than this no project has, and nothing of ours would write.
const LONGEST_TEXT = 1024 * 1024;
const MOST = 10_000_000;

const text: Check = (value) => typeof value === 'string' && value.length <= LONGEST_TEXT;
const number: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const finite: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const time: Check = (value) => text(value) && !Number.isNaN(Date.parse(value as string));
const sha256: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MOST && value.every(check);
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
const record =
  (check: Check): Check =>
  (value) =>
    isObject(value) && list(check)(Object.values(value)) && Object.keys(value).every(text);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const file = shape({ path: text, bytes: number, sha256 });
const inVolume: Check = (value) => text(value) && isSafePath(value as string);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const files = list(shape({ path: inVolume, sha256 }));
const blocks = shape({ path: text, bytes: number, sha256, files });
const layer = shape({
  archive: file,
  deleted: orNull(file),
  blocks: orAbsent(blocks),
  acls: orAbsent(oneOf('attributes')),
  point: isPointId,
});
const volume = shape({
  key: text,
  slug: text,
  kind: oneOf('volume', 'bind'),
  name: text,
  consistency: text,
  tools: oneOf('gnu', 'busybox'),
  lost: list(text),
  notes: list(text),
  layers: list(layer),
  index: file,
  base: orNull(shape({ point: isPointId, layers: number, index: file })),
  unsettled: orNull(file),
  entries: number,
  bytes: number,
  diskBytes: number,
  addedBytes: number,
});
const database = shape({
  key: text,
  service: text,
  engine: text,
  version: text,
  database: text,
  dump: file,
  globals: orNull(file),
  tables: orNull(list(isObject)),
  takenAt: time,
  finishedAt: time,
  serverBytes: finite,
  details: isObject,
  notes: list(text),
});
const manifest = shape({
  schema: number,
  id: isPointId,
  project: text,
  environment: text,
  createdAt: time,
  finishedAt: time,
  host: text,
  user: text,
  reason: text,
  volumes: list(volume),
  databases: list(database),
  images: record(shape({ image: text, imageId: text })),
  compose: list(shape({ path: text, bytes: number, sha256, original: text })),
  downtime: record(finite),
});

/**
 * Whether something that was read has the form of a manifest: every field that is used is there and of its type. More
 * fields may be there: manifests only grow. A checksum proves nothing about who wrote it.
 */
export function hasManifestShape(value: unknown): boolean {
  if (!manifest(value)) return false;
  const { volumes } = value as { volumes: { key: string; slug: string; tools: string; layers: unknown[] }[] };
  const unique = (names: string[]): boolean => new Set(names).size === names.length;
  return (
    unique(volumes.map(({ key }) => key)) &&
    unique(volumes.map(({ slug }) => slug)) &&
    // Only GNU tar's archives come in layers.
    volumes.every(({ layers, tools }) => layers.length > 0 && (tools === 'gnu' || layers.length === 1))
  );
}
