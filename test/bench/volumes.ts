import { parseArgs } from 'node:util';
import { median } from './measure.ts';
import { growth } from './volume-growth.ts';
import { VOLUMES, type VolumeKind } from './volume-kinds.ts';
import { reportOf } from './volume-report.ts';
import { VolumeBench, type Run } from './volume-bench.ts';

/**
 * npm run bench -- volumes [--runs N] [--scale F] [--only mixed|small|sparse|growth] [--without borg,restic,recipe]: every way in
 * turn, medians.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      scale: { type: 'string' },
      only: { type: 'string' },
      without: { type: 'string' },
    },
  });
  const runs = Number(values.runs ?? 5);
  const scale = Number(values.scale ?? 1);
  const without = (values.without ?? '').split(',').filter((name) => name !== '');
  const wanted = (name: string): boolean => values.only === undefined || values.only === name;
  for (const [name, kind] of Object.entries(VOLUMES)) {
    if (wanted(name)) await benchVolume(name, kind, { runs, scale, without });
  }
  if (wanted('growth')) process.stdout.write(`\n${await growth(runs, scale)}\n`);
}

async function benchVolume(
  name: string,
  kind: VolumeKind,
  { runs, scale, without }: { runs: number; scale: number; without: readonly string[] },
): Promise<void> {
  const bench = await VolumeBench.make(kind, scale);
  try {
    const ways = Object.entries(bench.ways(kind)).filter(
      ([way]) => !without.some((left) => way.startsWith(left)),
    );
    const samples = new Map<string, Run[]>(ways.map(([way]) => [way, []]));
    // The first round warms caches up.
    for (let round = 0; round <= runs; round++) {
      for (const [way, work] of ways) {
        const measured = await work();
        process.stderr.write(`${name} ${round}/${runs} ${way}: ${measured.seconds.toFixed(2)} s\n`);
        if (round > 0) samples.get(way)?.push(measured);
      }
    }
    process.stdout.write(
      `\n### ${name} (scale ${scale}, medians of ${runs})\n\n${reportOf(samples, median)}\n`,
    );
  } finally {
    await bench.remove();
  }
}
