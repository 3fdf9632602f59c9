import { bytesText } from '../bytes-text.ts';
import type { DatabaseArtifact } from '../databases/engine.ts';
import type { Manifest, VolumeArtifact } from '../restore-points/manifest.ts';
import { plain } from './plain.ts';
import { table } from './table.ts';
import type { Style } from './terminal.ts';
import { age, duration } from './time-text.ts';

/** What a backup says when it is done: each database and volume with its size, ratio and consistency, and how long what was down. */
export function pointSummary(manifest: Manifest, style: Style): string {
  return [
    `${style.green(`restore point ${manifest.id}`)} (${duration(manifest.createdAt, manifest.finishedAt)})`,
    ...dataTables(manifest, style),
    ...remarks(manifest, style),
  ].join('\n');
}

/** Databases first: they are what people look for. */
function dataTables(manifest: Manifest, style: Style): string[] {
  return [
    ...(manifest.databases.length === 0 ? [] : [databaseTable(manifest, style)]),
    ...(manifest.volumes.length === 0 ? [] : [volumeTable(manifest, style)]),
  ];
}

function databaseTable(manifest: Manifest, style: Style): string {
  const rows = manifest.databases.map((database) => [
    plain(database.key),
    plain(`${database.engine} ${database.version}`),
    bytesText(database.serverBytes),
    bytesText(database.dump.bytes),
    database.tables === null ? '' : String(database.tables.length),
    database.tables === null ? 'not counted' : String(rowsOf(database)),
    plain(database.takenAt),
  ]);
  return table(['DATABASE', 'ENGINE', 'SIZE', 'DUMP', 'TABLES', 'ROWS', 'AS OF'], rows, { style });
}

function tableTables(manifest: Manifest, style: Style): string[] {
  return manifest.databases.flatMap(({ key, tables }) =>
    tables === null || tables.length === 0
      ? []
      : [
          '',
          table(
            ['TABLE', 'ROWS'],
            tables.map(({ name, rows }) => [plain(`${key} ${name}`), String(rows)]),
            { style },
          ),
        ],
  );
}

function rowsOf({ tables }: DatabaseArtifact): number {
  return (tables ?? []).reduce((sum, { rows }) => sum + rows, 0);
}

function volumeTable(manifest: Manifest, style: Style): string {
  const rows = manifest.volumes.map((volume) => [
    plain(volume.key),
    String(volume.entries),
    bytesText(volume.bytes),
    bytesText(volume.addedBytes),
    ratio(volume),
    partOf(volume, manifest.id),
    volume.consistency,
  ]);
  return table(['VOLUME', 'ENTRIES', 'SIZE', 'ADDED', 'RATIO', 'KIND', 'CONSISTENCY'], rows, { style });
}

function remarks(manifest: Manifest, style: Style): string[] {
  const downtime = Object.entries(manifest.downtime);
  return [
    ...(downtime.length === 0
      ? []
      : [
          `down: ${downtime.map(([service, ms]) => `${plain(service)} ${(ms / 1000).toFixed(1)}s`).join(', ')}`,
        ]),
    ...manifest.databases.flatMap(({ key, notes }) =>
      notes.map((note) => style.yellow(`${plain(key)}: ${plain(note)}`)),
    ),
    ...manifest.volumes.flatMap((volume) => [
      ...volume.notes.map((note) => style.yellow(`${plain(volume.key)}: ${plain(note)}`)),
      ...(volume.lost.length === 0
        ? []
        : [style.yellow(`${plain(volume.key)}: not kept: ${plain(volume.lost.join(', '))}`)]),
    ]),
  ];
}

/** For those who are asked whether they want this data back: how old it is. */
export function takenText({ createdAt, user, host, reason }: Manifest): string {
  return `taken ${age(createdAt)} ago, ${createdAt}, by ${user} on ${host} (${reason})`;
}

/** `full`, `differential` or `reused`. */
export function partOf(volume: VolumeArtifact, id: string): string {
  if (volume.layers.every((layer) => layer.point !== id)) return 'reused';
  return volume.base === null ? 'full' : 'differential';
}

function ratio(volume: VolumeArtifact): string {
  return volume.addedBytes === 0 ? '' : `${(volume.bytes / volume.addedBytes).toFixed(1)}x`;
}

/** All points, newest first. */
export function pointTable(points: readonly Manifest[], style: Style, columns: number | undefined): string {
  const rows = points.map((point) => [
    point.id,
    `${age(point.createdAt)} ago`,
    plain(point.reason),
    plain([...point.databases, ...point.volumes].map(({ key }) => key).join(' ')),
    bytesText(
      sum(point.volumes.map(({ bytes }) => bytes)) +
        sum(point.databases.map(({ serverBytes }) => serverBytes)),
    ),
    bytesText(
      sum(point.volumes.map(({ addedBytes }) => addedBytes)) +
        sum(point.databases.map(({ dump }) => dump.bytes)),
    ),
    [
      ...new Set([
        ...(point.databases.length === 0 ? [] : ['dump']),
        ...point.volumes.map(({ consistency }) => consistency),
      ]),
    ].join(' '),
  ]);
  return table(['ID', 'AGE', 'REASON', 'DATA', 'SIZE', 'ADDED', 'CONSISTENCY'], rows, {
    style,
    ...(columns === undefined ? {} : { columns }),
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** One point in full. */
export function pointText(manifest: Manifest, style: Style): string {
  const rows: [string, string][] = [
    ['project', `${manifest.project} (${manifest.environment})`],
    ['taken', `${manifest.createdAt} (${age(manifest.createdAt)} ago)`],
    ['by', `${manifest.user} on ${manifest.host}`],
    ['reason', manifest.reason],
  ];
  const images = Object.entries(manifest.images).map(([service, { image, imageId }]) => [
    plain(service),
    plain(image),
    imageId.slice(0, 19),
  ]);
  return [
    style.bold(manifest.id),
    ...rows.map(([name, value]) => `  ${name.padEnd(8)} ${plain(value)}`),
    '',
    ...dataTables(manifest, style),
    ...remarks(manifest, style),
    ...tableTables(manifest, style),
    ...(images.length === 0 ? [] : ['', table(['SERVICE', 'IMAGE', 'IMAGE ID'], images, { style })]),
  ].join('\n');
}
