import { bytesText } from '../bytes-text.ts';
import type { Manifest, VolumeArtifact } from '../restore-points/manifest.ts';
import { plain } from './error-text.ts';
import { table } from './table.ts';
import type { Style } from './terminal.ts';
import { age } from './time-text.ts';

/** What a backup says when it is done: each volume with its size, ratio and consistency, and how long what was down. */
export function pointSummary(manifest: Manifest, style: Style): string {
  const seconds = (Date.parse(manifest.finishedAt) - Date.parse(manifest.createdAt)) / 1000;
  return [
    `${style.green(`restore point ${manifest.id}`)} (${seconds.toFixed(1)}s)`,
    volumeTable(manifest, style),
    ...remarks(manifest, style),
  ].join('\n');
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
    ...manifest.volumes.flatMap((volume) => [
      ...volume.notes.map((note) => style.yellow(`${plain(volume.key)}: ${plain(note)}`)),
      ...(volume.lost.length === 0
        ? []
        : [style.yellow(`${plain(volume.key)}: not kept: ${volume.lost.join(', ')}`)]),
    ]),
  ];
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
    plain(point.volumes.map(({ key }) => key).join(' ')),
    bytesText(point.volumes.reduce((sum, { bytes }) => sum + bytes, 0)),
    bytesText(point.volumes.reduce((sum, { addedBytes }) => sum + addedBytes, 0)),
    [...new Set(point.volumes.map(({ consistency }) => consistency))].join(' '),
  ]);
  return table(['ID', 'AGE', 'REASON', 'VOLUMES', 'SIZE', 'ADDED', 'CONSISTENCY'], rows, {
    style,
    ...(columns === undefined ? {} : { columns }),
  });
}

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
    volumeTable(manifest, style),
    ...remarks(manifest, style),
    ...(images.length === 0 ? [] : ['', table(['SERVICE', 'IMAGE', 'IMAGE ID'], images, { style })]),
  ].join('\n');
}
