import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { differenceOf } from '../../../src/restore-points/volume/index-difference.ts';
import { matched, merged, OtherOrder, type Pair } from '../../../src/restore-points/volume/index-pairs.ts';
import { IndexReader } from '../../../src/restore-points/volume/index-records.ts';

const record = (path: string, { type = 'f', inode = 1, links = 1, ctime = '10.0000000010' } = {}): string =>
  `${path}//${type} 644 0 0 1 8 ${links} ${inode} ${ctime} ${ctime} `;

const index = (records: readonly string[]): IndexReader =>
  new IndexReader(
    (async function* () {
      yield Buffer.from(`//time 100\0${records.map((line) => `${line}\0`).join('')}`, 'latin1');
      yield Buffer.from('//end\0');
    })(),
  );

/** What happens to a volume between two looks, and to the order in which its entries are found. */
function edited(
  records: readonly string[],
  [what, at, count, inode]: readonly [number, number, number, number],
): string[] {
  const taken = records.slice(at, at + 1);
  switch (what) {
    case 0:
      return records.toSpliced(at, 1);
    case 1:
      return records.toSpliced(
        at,
        0,
        record(`./new${at} ${count} ${records.length}`, { links: 1 + (count % 2), inode }),
      );
    case 2:
      return records.toSpliced(
        at,
        1,
        ...taken.map((line) => line.replaceAll('10.0000000010', '20.0000000010')),
      );
    case 3:
      return records.toSpliced(at, 1, ...taken.map((line) => line.replace('//f ', '//l ')));
    default:
      // A directory that grew is read in another order.
      return [...records.toSpliced(at, count), ...records.slice(at, at + count)];
  }
}

describe('two looks at a volume, entry by entry as they are found', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rewind-pairs-'));
  after(() => rmSync(directory, { recursive: true }));

  /** What changed and what is gone, in the order of names. */
  async function differ(before: readonly string[], now: readonly string[], pair: Pair) {
    const spill = join(directory, 'names');
    const indexes = { before: index(before), after: () => index(now), pair };
    const { changed, deleted, ...others } = await differenceOf(indexes, { spill });
    const sorted = async (names: typeof changed) => (await names.names()).toSorted();
    return { ...others, changed: await sorted(changed), deleted: await sorted(deleted) };
  }

  it('say the same as the same two in order', async () => {
    const below = (limit: number) => fc.nat({ max: limit - 1 });
    const entry = fc.tuple(below(3), below(4), below(9), below(5), below(6));
    const edit = fc.tuple(below(5), below(60), below(9), below(5));
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 40 }),
        fc.array(edit, { maxLength: 6 }),
        async (entries, edits) => {
          const before = [
            ...new Map(
              entries.map(([top, middle, name, inode, kind]) => {
                const path = `./${top}/${middle} \u00ff/${name}`;
                const fields = { type: kind === 1 ? 'd' : 'f', links: kind === 2 ? 2 : 1, inode };
                return [path, record(path, fields)];
              }),
            ).values(),
          ];
          const now = edits.reduce(edited, before);
          const sorted = await differ(before.toSorted(), now.toSorted(), merged);
          expect(await differ(before, now, matched)).to.deep.equal(sorted);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are given up where their orders have little in common', async () => {
    const many = Array.from({ length: 60_000 }, (_, number) => record(`./${number}`));
    const error = await differ(many, many.toReversed(), matched).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(OtherOrder);
    expect((await differ(many, [record('./first'), ...many], matched)).changed).to.deep.equal([
      '.',
      './first',
    ]);
  });
});
