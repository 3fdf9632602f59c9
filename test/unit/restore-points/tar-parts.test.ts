import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync,
  writeFileSync, writeSync,
} from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { changedParts } from '../../../src/restore-points/volume/block-difference.ts';
import { BLOCK } from '../../../src/restore-points/volume/content-digest.ts';
import { readTar, UnreadableTar, type TarMember } from '../../../src/restore-points/volume/tar-reader.ts';
import { generator } from '../../random.ts';
import { tarMember } from '../../../src/restore-points/volume/tar-writer.ts';
import { END_OF_TAR } from '../../../src/tar-header.ts';

const CREATE =
  'tar --create --format=posix --pax-option=delete=atime,delete=ctime --sparse --numeric-owner --no-recursion';

describe('parts of large files', () => {
  const seed = Number(process.env['REWIND_TEST_SEED'] ?? Date.now() % 1_000_000);
  const random = generator(seed);
  const randomInt = (from: number, to: number): number => from + Math.floor(random() * (to - from));

  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rewind-parts-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function write(name: string, content: string | Buffer): void {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }

  /** What GNU tar makes of these names. */
  function archived(...names: string[]): Buffer {
    const args = [...CREATE.split(' ').slice(1), '-C', directory, '-f', '-', '--', ...names];
    return execFileSync('tar', args, { maxBuffer: 2 ** 30 });
  }

  /** In chunks of any size, whose memory is written over afterwards. */
  async function* chunks(bytes: Buffer, most = 100_000): AsyncGenerator<Buffer> {
    const memory = Buffer.alloc(most);
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.copy(memory, 0, at, at + randomInt(1, most + 1));
      yield memory.subarray(0, taken);
      memory.fill(0xee);
      at += taken;
    }
  }

  async function members(archive: Buffer, most?: number): Promise<{ member: TarMember; content: Buffer }[]> {
    const found = [];
    for await (const member of readTar(chunks(archive, most))) {
      const content = Buffer.alloc(member.size);
      for await (const { offset, piece } of member.data()) piece.copy(content, offset);
      found.push({ member, content });
    }
    return found;
  }

  it('are found in archives as GNU tar writes them, with long names, times, holes and links', async () => {
    const long = `${'directory/'.repeat(30)}file`;
    write('short', 'content');
    write(long, 'long');
    write('empty', '');
    symlinkSync('short', join(directory, 'link'));
    execFileSync('touch', ['-d', '@-1.25', join(directory, 'short')]);
    const holes = openSync(join(directory, 'holes'), 'w');
    ftruncateSync(holes, 50_000_000);
    for (let n = 0; n < 60; n++) writeSync(holes, `extent ${n}`, n * 800_000 + 5);
    closeSync(holes);
    const all = await members(archived('.', 'short', long, 'empty', 'link', 'holes'));
    expect(all.map(({ member }) => member.name)).to.deep.equal(
      ['./', 'short', long, 'empty', 'link', 'holes'],
    ); // prettier-ignore
    const [root, short, nested, empty, link, sparse] = all;
    expect(root?.member).to.include({ type: '5', size: 0 });
    expect(short?.member).to.include({ type: '0', mtime: '-1.25', size: 7, mode: 0o644, uid: '0', gid: '0' });
    expect(short?.content.toString()).to.equal('content');
    expect(nested?.content.toString()).to.equal('long');
    expect(empty?.member).to.include({ type: '0', size: 0 });
    expect(link?.member).to.include({ type: '2', size: 0 });
    expect(sparse?.content.equals(readFileSync(join(directory, 'holes')))).to.equal(true);
  });

  it('are refused where the archive is cut, or is none', async () => {
    write('file', randomBytes(3000));
    const archive = archived('file');
    const unpadded = 1024 + 3072;
    for (let at = 0; at < unpadded; at += 97) {
      const error = await members(archive.subarray(0, at)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, `cut at ${at}`).to.be.instanceOf(UnreadableTar);
    }
    archive[20] = 1;
    expect(await members(archive).catch((error: unknown) => error)).to.be.instanceOf(UnreadableTar);
  });

  it('are written so that tar takes them, whatever the name and the time', async () => {
    const names = ['./a/0', `./${'n'.repeat(200)}/17`, './new\nline/\\0/5', './\u00e4 \u00ff/99999999999'];
    const times = ['1', '-1.25', '123.000000001', '99999999999'];
    const contents = [randomBytes(512), Buffer.alloc(0), randomBytes(100_001), randomBytes(1)];
    const archive = Buffer.concat([
      ...names.map((name, n) =>
        tarMember({ name, content: contents[n] as Buffer, mtime: times[n] as string }),
      ),
      END_OF_TAR,
    ]);
    write('archive', archive);
    const took = execFileSync(
      'tar',
      ['-xf', join(directory, 'archive'), '--to-command', 'printf "%s|%s|%s|" "$TAR_FILENAME" "$TAR_MTIME" "$TAR_SIZE"; sha256sum'],
      { encoding: 'latin1' },
    ); // prettier-ignore
    const again = await members(archive);
    for (const [n, name] of names.entries()) {
      expect(took).to.include(`${name}|${times[n]}`);
      expect(again[n]?.member).to.include({ name, mtime: times[n] });
      expect(again[n]?.content.equals(contents[n] as Buffer)).to.equal(true);
    }
  });

  it(`make any file any other one (REWIND_TEST_SEED=${seed})`, async () => {
    for (let n = 0; n < 60; n++) {
      const [before, after] = [randomFile('before'), n % 3 === 0 ? randomFile('after') : changed('after')];
      const [old] = await firstMember(archived('before'));
      const [now, done] = await firstMember(archived('after'));
      const made = Buffer.alloc(after.length);
      before.copy(made);
      let written = 0;
      let end = -1;
      const parts = changedParts(old, now);
      let next = await parts.next();
      for (; next.done !== true; next = await parts.next()) {
        const { offset, content } = next.value;
        expect(offset % BLOCK).to.equal(0);
        expect(offset).to.be.above(end);
        content.copy(made, offset);
        end = offset + content.length;
        written += content.length;
      }
      expect(next.value).to.equal(digest(after));
      await done();
      expect(made.equals(after)).to.equal(true);
      expect(written).to.equal(changedBytes(before, after));
    }
  });

  /** The first member of an archive, and what ends the reading of it. */
  async function firstMember(archive: Buffer): Promise<[TarMember, () => Promise<void>]> {
    const reading = readTar(chunks(archive));
    const { value } = await reading.next();
    return [value as TarMember, async () => void (await reading.return(undefined))];
  }

  /** Random data and holes. */
  function randomFile(name: string): Buffer {
    write(name, '');
    const file = openSync(join(directory, name), 'r+');
    ftruncateSync(file, randomInt(0, 20 * BLOCK));
    for (let n = randomInt(0, 4); n > 0; n--) {
      const content =
        randomInt(0, 3) === 0 ? Buffer.alloc(randomInt(1, 3 * BLOCK)) : randomBytes(randomInt(1, 3 * BLOCK));
      writeSync(
        file,
        content,
        0,
        content.length,
        randomInt(0, 20) * BLOCK + (randomInt(0, 2) === 0 ? 0 : randomInt(0, BLOCK)),
      );
    }
    closeSync(file);
    return readFileSync(join(directory, name));
  }

  /** What `before` is now, after a little was written into it. */
  function changed(name: string): Buffer {
    execFileSync('cp', ['--sparse=always', join(directory, 'before'), join(directory, name)]);
    const file = openSync(join(directory, name), 'r+');
    for (let n = randomInt(0, 4); n > 0; n--) {
      const content = randomBytes(randomInt(1, 100));
      writeSync(file, content, 0, content.length, randomInt(0, 20 * BLOCK));
    }
    closeSync(file);
    return readFileSync(join(directory, name));
  }

  /** Of the number and the checksum of all blocks that are not zeros. */
  function digest(content: Buffer): string {
    const hash = createHash('sha256');
    for (let number = 0; number * BLOCK < content.length; number++) {
      const block = Buffer.alloc(BLOCK);
      content.subarray(number * BLOCK).copy(block);
      const entry = Buffer.alloc(12);
      entry.writeBigUInt64LE(BigInt(number));
      entry.writeUInt32LE(crc32(block), 8);
      if (block.some((byte) => byte !== 0)) hash.update(entry);
    }
    return hash.digest('hex');
  }

  /** What blocks that differ come to, the last one cut at the end of the file. */
  function changedBytes(before: Buffer, after: Buffer): number {
    let bytes = 0;
    for (let at = 0; at < after.length; at += BLOCK) {
      const now = after.subarray(at, at + BLOCK);
      const old = Buffer.alloc(now.length);
      before.subarray(at).copy(old);
      if (!old.equals(now)) bytes += now.length;
    }
    return bytes;
  }
});
