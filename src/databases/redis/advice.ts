import type { DatabaseArtifact, ServerState } from '../engine.ts';
import { RewindError } from '../../errors.ts';
import { rdbDetails } from './details.ts';

/** The newest file format that a version reads; undefined for one that is not known here. */
export function newestFormat(version: string): number | undefined {
  const [, product = 'redis', numbers = ''] = /^(?:(\w+) )?([\d.]+)/.exec(version) ?? [];
  const [major = 0, minor = 0] = numbers.split('.').map(Number);
  const table: readonly (readonly [number, number, number])[] = FORMATS[product] ?? [];
  const row = table.findLast(([from, below]) => from < major || (from === major && below <= minor));
  const last = table.at(-1);
  // A later version than all known ones reads at least what they do, and may read more.
  return row === undefined || (row === last && major > last[0]) ? undefined : row[2];
}

// Major, minor, format.
const FORMATS: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  redis: [
    [5, 0, 9],
    [7, 0, 10],
    [7, 2, 11],
    [7, 4, 12],
    [8, 0, 12],
  ],
  valkey: [
    [7, 2, 11],
    [8, 0, 11],
    [9, 0, 80],
  ],
};

/** What people should know before this dump goes into this server. Throws OLDER_SERVER (exit 4). */
export function advise(artifact: DatabaseArtifact, state: ServerState): string[] {
  const details = rdbDetails(artifact);
  const newest = newestFormat(state.version);
  const name = (version: string): string => (/^\d/.test(version) ? `redis ${version}` : version);
  if (newest !== undefined && details.format > newest) {
    throw new RewindError(
      'OLDER_SERVER',
      `${artifact.service} runs ${name(state.version)}, which cannot read a dump of ${name(artifact.version)}`,
      { exit: 'refused', hint: 'Run the version that made it, or a later one' },
    );
  }
  const majorOf = (version: string): string => name(version).split('.')[0] ?? '';
  return [
    ...(majorOf(state.version) === majorOf(artifact.version)
      ? []
      : [`dumped from ${name(artifact.version)}, goes into ${name(state.version)}`]),
    ...(details.modules.length === 0
      ? []
      : [`the server must have the modules ${details.modules.join(', ')}`]),
    `a second server is started in its container until the data is in place; clients' writes wait during the swap`,
  ];
}
