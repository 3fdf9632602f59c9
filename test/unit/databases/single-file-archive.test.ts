import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { singleFileArchive, type ArchivedFile } from '../../../src/databases/postgres/single-file-archive.ts';

async function archive(file: ArchivedFile, chunks: readonly Uint8Array[]): Promise<Buffer> {
  async function* content(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const parts: Uint8Array[] = [];
  for await (const part of singleFileArchive(file, content(), () => {})) parts.push(part);
  return Buffer.concat(parts);
}

describe('an archive of one file', () => {
  it('is what tar takes for one, for its owner alone, of any length', async () => {
    for (const length of [0, 1, 511, 512, 513, 100_000]) {
      const bytes = Buffer.alloc(length, 'content of a dump ');
      const file = { name: 'docker-rewind-abcdef-012345.dump', bytes: length, uid: 999, gid: 70 };
      const input = await archive(file, [bytes.subarray(0, 300), bytes.subarray(300)]);
      expect(input.length % 512).to.equal(0);
      expect(execFileSync('tar', ['-xOf', '-'], { input }).equals(bytes), String(length)).to.equal(true);
      expect(execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input }).toString()).to.match(
        new RegExp(`^-rw------- 999/70 +${length} .* ${file.name}\n$`),
      );
    }
  });

  it('says sizes and owners that octal digits do not hold', async () => {
    const file = { name: 'large', bytes: 12_345_678_901, uid: 2_000_000_000, gid: 3_000_000 };
    const parts = singleFileArchive(file, (async function* () {})(), () => {});
    const header = (await parts.next()).value as Uint8Array;
    expect(
      execFileSync('sh', ['-c', 'tar --numeric-owner -tvf - 2>/dev/null || :'], { input: header }).toString(),
    ).to.match(/^-rw------- 2000000000\/3000000 12345678901 .* large\n$/);
  });

  it('is no archive of a file that is longer or shorter than it should be', async () => {
    const file = { name: 'x', bytes: 3, uid: 0, gid: 0 };
    for (const text of ['ab', 'abcd']) {
      const error = await archive(file, [Buffer.from(text)]).catch((thrown: Error) => thrown);
      expect(error).to.be.an('error');
    }
  });
});
