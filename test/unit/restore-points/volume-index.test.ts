import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { compareIndexes } from '../../../src/restore-points/volume/index-comparison.ts';
import { differenceOf, isSame } from '../../../src/restore-points/volume/index-difference.ts';
import { IndexReader } from '../../../src/restore-points/volume/index-records.ts';
import { HEADER_BYTES, only } from '../../../src/restore-points/volume/index-source.ts';

const record = (
  path: string,
  type = 'f',
  fields: { size?: number; inode?: number; mtime?: string; ctime?: string; links?: number } = {},
): string => {
  const { size = 1, inode = 7, mtime = '10.1234567890', ctime = '10.1234567890', links = 1 } = fields;
  return `${path}//${type} 644 0 0 ${size} 8 ${links} ${inode} ${mtime} ${ctime} `;
};
const index = (records: readonly string[], takenAt = 100): IndexReader => {
  const text = `//time ${takenAt}\0${records
    .toSorted()
    .map((line) => `${line}\0`)
    .join('')}//end\0`;
  // In small pieces: a record may come in two.
  const pieces = text.match(/[\s\S]{1,13}/g) ?? [];
  return new IndexReader(
    (async function* () {
      for (const piece of pieces) yield Buffer.from(piece, 'latin1');
    })(),
  );
};
const directory = mkdtempSync(join(tmpdir(), 'rewind-index-'));
const spill = join(directory, 'names');
const differ = async (before: readonly string[], after: readonly string[]) => {
  const difference = await differenceOf({ before: index(before), after: () => index(after) }, { spill });
  if (difference === undefined) throw new Error('there is no limit');
  const { changed, deleted, ...others } = difference;
  return { ...others, changed: await changed.names(), deleted: await deleted.names() };
};
const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );

describe('a volume index', () => {
  it('of some entries alone is an index, of the same time and in the same order', async () => {
    const odd = './a\\n\xff "b';
    const part = new IndexReader(
      only(index([record('.', 'd'), record(odd), record('./c')], 12.125), new Set(['.', odd, './gone'])),
    );
    expect(await part.next()).to.include({ path: '.', type: 'd' });
    expect(part.takenAt).to.equal(12.125);
    expect(await part.next()).to.include({ path: odd, type: 'f' });
    expect(await part.next()).to.equal(undefined);
  });

  const root = record('.', 'd');
  after(() => rmSync(directory, { recursive: true }));

  it('names what changed, with the directories above it, and what is gone', async () => {
    const before = [root, record('./a', 'd'), record('./a/f'), record('./a/g'), record('./same')];
    const after = [
      root,
      record('./a', 'd'),
      record('./a/f', 'f', { size: 2 }),
      record('./new\nline'),
      record('./same'),
    ];
    const { changed, deleted, replaced } = await differ(before, after);
    expect(changed).to.have.members(['.', './a', './a/f', './new\nline']);
    expect(deleted).to.deep.equal(['./a/g']);
    // Two files of 8 blocks, and four headers: theirs, and those of the directories.
    expect(replaced).to.equal(2 * 8 * 512 + 4 * HEADER_BYTES);
  });

  it('removes what has become something of another type first', async () => {
    const { changed, deleted } = await differ(
      [root, record('./x')],
      [root, record('./x', 'd'), record('./x/y')],
    );
    expect(deleted).to.deep.equal(['./x']);
    expect(changed).to.have.members(['.', './x', './x/y']);
  });

  it('tells where a link took the place of a directory', async () => {
    const before = [root, record('./x', 'd'), record('./x/y')];
    expect((await differ(before, [root, record('./x', 'l')])).linkForDirectory).to.equal(true);
    expect((await differ(before, [root, record('./x', 'f')])).linkForDirectory).to.equal(false);
    expect((await differ([root, record('./x', 'l')], before)).linkForDirectory).to.equal(false);
  });

  it('takes all names of a file together where one is new, though nothing happened to the file itself', async () => {
    const file = { links: 2, inode: 9 };
    const other = record('./z', 'f', { links: 2, inode: 8 });
    const [dir, renamed] = [record('./d', 'd'), record('./e', 'd', { ctime: '20.0000000001' })];
    const before = [root, record('./a', 'f', file), dir, record('./d/x', 'f', file), other];
    const after = [root, record('./a', 'f', file), renamed, record('./e/x', 'f', file), other];
    const { changed, deleted } = await differ(before, after);
    expect(changed).to.have.members(['.', './e', './e/x', './a']);
    expect(deleted).to.have.members(['./d', './d/x']);
  });

  it('takes what changed just before it for changed: a later change may bear the same time', async () => {
    const fresh = record('./f', 'f', { ctime: '99.9990000000' });
    expect((await differ([root, fresh], [root, fresh])).changed).to.include('./f');
    expect((await differ([root, record('./f')], [root, record('./f')])).changed).to.deep.equal([]);
  });

  it('is the same as another one where nothing differs but sockets', async () => {
    const same = (before: readonly string[], after: readonly string[]) => isSame(index(before), index(after));
    const before = [root, record('./a'), record('./socket', 's')];
    expect(await same(before, before)).to.equal(true);
    expect(await same(before, [...before.slice(0, 2), record('./socket', 's', { inode: 8 })])).to.equal(true);
    expect(await same([root], [root, record('./socket', 's')])).to.equal(true);
    expect(await same(before, [root, record('./a', 'f', { size: 2 })])).to.equal(false);
    expect(await same(before, [root, record('./a', 's')])).to.equal(false);
    expect(await same(before, before.slice(0, 2))).to.equal(false);
    const fresh = [root, record('./f', 'f', { ctime: '99.9990000000' })];
    expect(await same(fresh, fresh)).to.equal(false);
  });

  it('names what changed though it is far more than is kept in memory', async () => {
    const many = Array.from({ length: 10_000 }, (_, number) => `./file\n${number}`);
    const files = many.map((path) => record(path));
    for (const [before, now] of [
      [[root], [root, ...files]],
      [[root, ...files], [root]],
    ] as const) {
      const { changed, deleted, bytes } = await differ(before, now);
      const [all, others] = before.length === 1 ? [changed, deleted] : [deleted, changed];
      expect(all.filter((path) => path !== '.')).to.have.members(many);
      expect(others.filter((path) => path !== '.')).to.deep.equal([]);
      expect(bytes).to.equal(before.length === 1 ? many.length * 4096 : 0);
    }
  });

  it('is not compared any further than there is interest in', async () => {
    const now = [root, ...['./a', './b', './c'].map((path) => record(path))];
    const limited = (most: number) =>
      differenceOf({ before: index([root]), after: () => index(now) }, { spill, most });
    expect(await limited(2 * 4096)).to.equal(undefined);
    expect((await limited(3 * 4096))?.bytes).to.equal(3 * 4096);
  });

  it('that is cut, damaged or leads out of the volume is refused', async () => {
    const read = async (text: string): Promise<void> => {
      const reader = new IndexReader(
        (async function* () {
          yield Buffer.from(text, 'latin1');
        })(),
      );
      for (let entry = await reader.next(); entry !== undefined;) entry = await reader.next();
    };
    expect(await refusal(read(`//time 1\0${root}\0`))).to.match(/cut off/);
    expect(await refusal(read(`//time 1\0${root}\0//e`))).to.match(/cut off/);
    expect(await refusal(read('//time 1\0./../x//f 644 0 0 1 8 1 7 1.0 1.0 \0//end\0'))).to.match(/outside/);
    expect(await refusal(read('//time 1\0nonsense\0//end\0'))).to.match(/damaged/);
  });

  it('is compared in everything but what a restore cannot bring back', async () => {
    const options = { unsettled: new Set<string>(['./moving']), coarse: false };
    const compare = (want: readonly string[], got: readonly string[]) =>
      compareIndexes(index(want), index(got), options);
    const linked = { links: 2, inode: 1 };
    const want = [
      root,
      record('./f', 'f', linked),
      record('./g', 'f', linked),
      record('./s', 's'),
      record('./moving'),
    ];
    const restored = { links: 2, inode: 5, ctime: '50.0000000000' };
    expect(
      await compare(want, [root, record('./f', 'f', restored), record('./g', 'f', restored)]),
    ).to.deep.equal([]);
    const apart = [root, record('./f', 'f', restored), record('./g', 'f', { ...restored, inode: 6 })];
    expect(await compare(want, apart)).to.deep.equal(['./g: it is not the same file as its other names']);
    expect(await compare([root, record('./a')], [root, record('./b')])).to.deep.equal([
      './a is missing',
      './b should not be there',
    ]);
    const later = record('./a', 'f', { mtime: '10.1234567900' });
    expect(await compare([root, record('./a')], [root, later])).to.deep.equal([
      './a: its time is not as it was',
    ]);
  });

  it('is compared field by field, whichever way is taken', async () => {
    const line = (change: Record<string, string> = {}): string => {
      const fields = { type: 'f', mode: '644', uid: '1', gid: '2', size: '9', blocks: '8', links: '1', inode: '7',
        mtime: '10.1234567890', ctime: '11.5000000000', target: '', ...change }; // prettier-ignore
      return `./a b//${Object.values(fields).join(' ')}`;
    };
    const compare = (got: string, wanted = line()) =>
      compareIndexes(index([root, wanted]), index([root, got]), { unsettled: new Set(), coarse: false });
    for (const same of [{}, { blocks: '16' }, { inode: '70' }, { ctime: '12.0000000000' }, { links: '2' }])
      expect(await compare(line(same)), JSON.stringify(same)).to.deep.equal([]);
    for (const [name, change] of Object.entries({
      mode: { mode: '4644' },
      owner: { gid: '20' },
      size: { size: '99' },
      time: { mtime: '10.1234567880' },
      type: { type: 'p' },
    }))
      expect(await compare(line(change)), name).to.deep.equal([`./a b: its ${name} is not as it was`]);
    const link = (target: string): string => line({ type: 'l', target });
    expect(await compare(link('x y'), link('x y'))).to.deep.equal([]);
    expect(await compare(link('x'), link('x y'))).to.deep.equal(['./a b: its target is not as it was']);
    expect(await compare(link('x y z'), link('x y'))).to.deep.equal(['./a b: its target is not as it was']);
  });
});
