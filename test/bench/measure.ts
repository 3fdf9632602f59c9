import { performance } from 'node:perf_hooks';

/** Milliseconds of the runs of one thing. */
export interface Sample {
  name: string;
  times: number[];
}

/**
 * Runs the things in turn, `rounds` times: whatever else the machine does in the meantime hits all of them.
 * The first round warms caches up and is not counted. `before` runs before each and is not measured.
 */
export async function inTurn(
  rounds: number,
  things: Readonly<Record<string, () => Promise<unknown>>>,
  before: () => Promise<void> = async () => {},
): Promise<Record<string, Sample>> {
  const samples = Object.fromEntries(
    Object.keys(things).map((name) => [name, { name, times: [] as number[] }]),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const [name, thing] of Object.entries(things)) {
      await before();
      const start = performance.now();
      await thing();
      if (round > 0) samples[name]?.times.push(performance.now() - start);
    }
  }
  return samples;
}

export function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}

/** The median of what each run took against the run of the same round: a machine that slows down slows both of them. */
export function inPairs(times: readonly number[], base: readonly number[]): number {
  return median(times.map((time, round) => time / (base[round] ?? NaN)));
}

/** One line of the result: a sample, what it is compared with, and what the ratio should be. */
export interface Line {
  sample: Sample;
  base: Sample;
  target?: number;
  /** How often the thing ran in each measured time. */
  repeat?: number;
}

/** A table of milliseconds and ratios of medians. */
export function resultTable(lines: readonly Line[]): string {
  const rows = lines.map(({ sample, base, target, repeat = 1 }) => {
    const times = sample.times.map((time) => time / repeat);
    const ratio = median(times) / median(base.times);
    const ms = [Math.min(...times), median(times), Math.max(...times)].map((time) => time.toFixed(1));
    const verdict = target === undefined ? '' : `≤ ${target}× ${ratio <= target ? 'reached' : 'MISSED'}`;
    return [
      sample.name,
      ...ms,
      sample === base ? '1×' : `${ratio.toFixed(2)}×`,
      sample === base ? '' : verdict,
    ];
  });
  const all = [['', 'min ms', 'median ms', 'max ms', 'ratio', 'target'], ...rows];
  const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 || i === 5 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return all.map((row) => line(row).trimEnd()).join('\n');
}
