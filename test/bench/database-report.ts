import { inPairs, median, type Sample } from './measure.ts';

export const DUMP = '`pg_dump -Fc` through `docker compose exec`';
export const OWN_DUMP = '`docker rewind backup db/bench`';
export const RESTORE = '`pg_restore -j 2` out of a file in the container';
export const OWN_RESTORE = '`docker rewind restore latest`';

/** Each of our ways, what it is compared with, and how many times as long it may take. */
const TARGETS: readonly [way: string, base: string, atMost: number][] = [
  [OWN_DUMP, DUMP, 1.1],
  [OWN_RESTORE, RESTORE, 1.2],
];
const MOST_MEMORY = 200;

export interface DatabaseFigures {
  version: string;
  runs: number;
  server: string;
  stored: string;
  /** Megabytes of our largest process. */
  peak: number;
}

/** The section of docs/benchmarks.md. */
export function databaseReport(
  samples: Readonly<Record<string, Sample>>,
  { version, runs, server, stored, peak }: DatabaseFigures,
): string {
  const times = (name: string): readonly number[] => samples[name]?.times ?? [];
  const seconds = (value: number): string => (value / 1000).toFixed(2);
  const verdict = (reached: boolean): string => (reached ? 'reached' : 'MISSED');
  const rows = TARGETS.flatMap(([way, base, atMost]) => {
    const ratio = median(times(way)) / median(times(base));
    const row = (name: string, rest: string): string =>
      `| ${name} | ${[Math.min(...times(name)), median(times(name)), Math.max(...times(name))].map(seconds).join(' | ')} | ${rest} |`;
    const pairs = inPairs(times(way), times(base));
    return [
      row(base, '1× | 1× | '),
      row(way, `${ratio.toFixed(2)}× | ${pairs.toFixed(2)}× | ≤ ${atMost}×: ${verdict(ratio <= atMost)}`),
    ];
  });
  return [
    '## Databases',
    '',
    `\`npm run bench -- databases\`, ${runs} rounds: a PostgreSQL ${version} database of ${server}, ${stored} as a dump.`,
    '',
    '| way | min s | median s | max s | ratio | in pairs | target |',
    '|-|-:|-:|-:|-:|-:|-|',
    ...rows,
    '',
    `Peak memory of one of our processes: ${peak.toFixed(0)} MB (≤ ${MOST_MEMORY} MB: ${verdict(peak <= MOST_MEMORY)}).`,
  ].join('\n');
}
