import { inPairs } from './measure.ts';
import type { Run } from './volume-bench.ts';

interface Target {
  way: string;
  against: string;
  figure: keyof Run;
  /** Absent: told, and no target. */
  atMost?: number;
}

// Nobody else stops a service: `hot` does what they do.
const either = (target: Target): Target[] => [target, { ...target, way: `${target.way}, hot` }];

const TARGETS: readonly Target[] = [
  ...either({ way: 'rewind: first', against: 'floor', figure: 'seconds', atMost: 1.3 }),
  ...either({ way: 'rewind: first', against: 'floor, on the disk', figure: 'seconds' }),
  { way: 'rewind: first', against: 'recipe', figure: 'seconds', atMost: 0.25 },
  { way: 'rewind: restore', against: 'restore floor', figure: 'seconds', atMost: 1.5 },
  { way: 'rewind: restore', against: 'restore floor, on the disk', figure: 'seconds' },
  { way: 'rewind: first, 1 % changed meanwhile', against: 'recipe', figure: 'down', atMost: 0.1 },
  ...either({
    way: 'rewind: after 1 % changed',
    against: 'restic: after 1 % changed',
    figure: 'seconds',
    atMost: 0.6,
  }),
  { way: 'rewind: after 1 % changed', against: 'restic: after 1 % changed', figure: 'stored', atMost: 1.2 },
  ...either({
    way: 'rewind: after no change',
    against: 'restic: after no change',
    figure: 'seconds',
    atMost: 0.4,
  }),
];

/** A table of medians in Markdown, and one line for each target that can be told from what was measured. */
export function reportOf(
  samples: ReadonlyMap<string, readonly Run[]>,
  median: (values: readonly number[]) => number,
): string {
  const valuesOf = (runs: readonly Run[] | undefined, key: keyof Run): number[] =>
    (runs ?? []).flatMap((each) => (each[key] === undefined ? [] : [each[key]]));
  const figure = (runs: readonly Run[] | undefined, key: keyof Run): number | undefined => {
    const values = valuesOf(runs, key);
    return values.length === 0 ? undefined : median(values);
  };
  const text = (value: number | undefined, digits: number, by = 1): string =>
    value === undefined ? '' : (value / by).toFixed(digits);
  const rows = [...samples].map(
    ([way, runs]) =>
      `| ${way} | ${text(figure(runs, 'seconds'), 2)} | ${text(figure(runs, 'memory'), 0)} | ` +
      `${text(figure(runs, 'stored'), 2, 1e6)} | ${text(figure(runs, 'down'), 2)} |`,
  );
  const find = (start: string): readonly Run[] | undefined =>
    samples.get(start) ?? [...samples].find(([way]) => way.startsWith(`${start}:`))?.[1];
  const verdicts = TARGETS.flatMap(({ way, against, figure: key, atMost }) => {
    const [own, base] = [figure(find(way), key), figure(find(against), key)];
    if (own === undefined || base === undefined) return [];
    const ratio = own / base;
    const pairs = inPairs(valuesOf(find(way), key), valuesOf(find(against), key));
    const said = `${way}, ${key}: ${ratio.toFixed(3)}× ${against}, ${pairs.toFixed(3)}× in pairs`;
    if (atMost === undefined) return [`- ${said}`];
    return [`- ${said} (≤ ${atMost}×: ${ratio <= atMost ? 'reached' : 'MISSED'})`];
  });
  const head = ['| way | s | peak MB | stored MB | down s |', '|-|-|-|-|-|'];
  return [...head, ...rows, '', ...verdicts].join('\n');
}
