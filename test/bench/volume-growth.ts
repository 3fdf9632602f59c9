import { median } from './measure.ts';
import { VolumeBench, type Run } from './volume-bench.ts';
import { VOLUMES } from './volume-kinds.ts';

const SIZES = [0.2, 1, 2];

/** First backups of three sizes with the same amount of change meanwhile: time, memory and downtime against the size. */
export async function growth(runs: number, scale: number): Promise<string> {
  const mixed = VOLUMES['mixed'];
  if (mixed === undefined) throw new Error('there is no mixed volume');
  // As much for every size: the first 59 directories of each.
  const kind = { ...mixed, change: mixed.change.replace('for d in d*', 'for d in $(seq -f d%g 59)') };
  const rows: string[] = [];
  for (const size of SIZES) {
    const bench = await VolumeBench.make(kind, size * scale);
    try {
      const way = bench.ways(kind)['rewind: first, 1 % changed meanwhile'];
      const measured: Run[] = [];
      for (let round = 0; round < runs; round++) {
        const result = await way?.();
        if (result !== undefined) measured.push(result);
      }
      const of = (key: keyof Run): number => median(measured.map((each) => each[key] ?? 0));
      rows.push(
        `| ${(1.3 * size * scale).toFixed(2)} GB | ${of('seconds').toFixed(2)} | ${of('memory').toFixed(0)} | ${of('down').toFixed(2)} |`,
      );
    } finally {
      await bench.remove();
    }
  }
  return ['### growth', '', '| size | s | peak MB | down s |', '|-|-|-|-|', ...rows].join('\n');
}
