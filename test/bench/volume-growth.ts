import { median } from './measure.ts';
import { VolumeBench, type Run } from './volume-bench.ts';
import { changeMixed, VOLUMES } from './volume-kinds.ts';

const SIZES = [0.5, 2, 5];
const COMPARED = ['floor:', 'rewind: first, 1 % changed meanwhile'];

/** First backups of three sizes with the same amount of change meanwhile: time, memory and downtime against the size. */
export async function growth(runs: number, scale: number): Promise<string> {
  const mixed = VOLUMES['mixed'];
  if (mixed === undefined) throw new Error('there is no mixed volume');
  // As much for every size: 59 directories of each.
  const kind = { ...mixed, change: (directory: string) => changeMixed(directory, 59) };
  const rows: string[] = [];
  for (const size of SIZES) {
    const bench = await VolumeBench.make(kind, size * scale);
    try {
      const ways = Object.entries(bench.ways(kind)).filter(([name]) =>
        COMPARED.some((way) => name.startsWith(way)),
      );
      const measured = COMPARED.map((): Run[] => []);
      for (let round = 0; round < runs; round++)
        for (const [name, way] of ways) {
          const result = await way();
          process.stderr.write(
            `growth ${size} ${round + 1}/${runs} ${name}: ${result.seconds.toFixed(2)} s\n`,
          );
          measured[COMPARED.findIndex((each) => name.startsWith(each))]?.push(result);
        }
      const of = (way: number, key: keyof Run): number =>
        median((measured[way] ?? []).map((each) => each[key] ?? 0));
      const [floor, seconds] = [of(0, 'seconds'), of(1, 'seconds')];
      rows.push(
        `| ${(1.3 * size * scale).toFixed(2)} GB | ${floor.toFixed(2)} | ${seconds.toFixed(2)} | ${(seconds / floor).toFixed(2)}× | ` +
          `${of(1, 'memory').toFixed(0)} | ${of(1, 'down').toFixed(2)} |`,
      );
    } finally {
      await bench.remove();
    }
  }
  return [
    '### growth',
    '',
    '| size | floor s | rewind s | ratio | peak MB | down s |',
    '|-|-|-|-|-|-|',
    ...rows,
  ].join('\n');
}
