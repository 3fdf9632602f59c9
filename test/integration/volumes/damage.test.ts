import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { verified } from '../../../src/restore-points/verified.ts';
import { filesOf, parseManifest } from '../../../src/restore-points/manifest.ts';
import { LocalStore } from '../../../src/stores/local.ts';
import { DataProject, ONE_OF_EVERYTHING } from './data-project.ts';

describe('a damaged restore point', () => {
  let project: DataProject;
  let id: string;
  before(async () => {
    project = await DataProject.make();
    await project.inside(`${ONE_OF_EVERYTHING}\nhead -c 5000000 /dev/urandom >large`);
    await project.backup();
    // A differential with parts of a large file.
    await project.inside('rm dangling ; echo part | dd of=large conv=notrunc status=none');
    ({ id } = await project.backup());
  });
  after(() => project.remove());

  /** Changes a file of the point for as long as `work` runs. */
  async function damaged(
    name: string,
    change: (bytes: Buffer) => Buffer,
    work: () => Promise<void>,
  ): Promise<void> {
    const path = project.point(id, name);
    const original = readFileSync(path);
    writeFileSync(path, change(Buffer.from(original)));
    try {
      await work();
    } finally {
      writeFileSync(path, original);
    }
  }

  const flipped =
    (at: number) =>
    (bytes: Buffer): Buffer => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      return bytes;
    };
  const cut =
    (at: number) =>
    (bytes: Buffer): Buffer =>
      bytes.subarray(0, at);

  /** What the restore of a volume does with every stored byte before anything stops. */
  async function reads(): Promise<void> {
    const store = new LocalStore('points', project.path('.rewind/points'));
    const manifest = parseManifest((await store.manifest(id)) ?? '', id);
    const signal = new AbortController().signal;
    for (const file of manifest.volumes.flatMap(filesOf)) {
      for await (const _ of await verified({ store, point: id, signal }, file)) continue;
    }
  }
  const refused = async (): Promise<void> => {
    const error = await reads().then(
      () => undefined,
      (reason: unknown) => reason as { code: string },
    );
    expect(error).to.have.property('code').that.is.oneOf(['DAMAGED', 'NO_ARTIFACT']);
  };

  it('is refused before anything stops, whatever file it is in', async () => {
    const [container] = await project.containers();
    const before = await project.snapshot();
    const names = readdirSync(project.point(id), { recursive: true, encoding: 'utf8' }).filter((name) =>
      // That of the full is for the next backup.
      /(?<!base-index\.)zst$|json$/.test(name),
    );
    expect(names).to.include.members(['volumes/data.1.deleted.zst', 'volumes/data.1.blocks.zst']);
    for (const name of names) {
      const size = readFileSync(project.point(id, name)).length;
      for (const change of [flipped(Math.floor(size / 2)), cut(size - 1), cut(0)]) {
        await damaged(name, change, async () => {
          const { exitCode, stderr } = await project.rewind(['restore', id, '--yes', '--no-safety-backup']);
          expect(exitCode, `${name}: ${stderr}`).to.equal(4);
          expect(stderr).to.match(/damaged/);
        });
      }
    }
    expect(await project.containers()).to.deep.equal([container]);
    expect(await project.snapshot()).to.equal(before);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is noticed when the archive is cut at any member, or at any of 1,000 bytes', async () => {
    await reads();
    const path = 'volumes/data.tar.zst';
    const bytes = readFileSync(project.point(id, path));
    const tar = zstdDecompressSync(bytes);
    const members: number[] = [];
    for (let at = 0; at < tar.length; at += 512)
      if (tar.subarray(at + 257, at + 262).toString() === 'ustar') members.push(at);
    expect(members.length).to.be.above(30);
    for (const at of members) await damaged(path, () => zstdCompressSync(tar.subarray(0, at)), refused);
    for (let n = 0; n < 1000; n++) await damaged(path, cut(Math.floor((bytes.length * n) / 1000)), refused);
  });

  it('is noticed at every flipped bit of archive, index and manifest that is tried', async () => {
    for (const name of [
      'volumes/data.tar.zst',
      'volumes/data.1.blocks.zst',
      'volumes/data.index.zst',
      'manifest.json',
    ]) {
      const { length } = readFileSync(project.point(id, name));
      for (let n = 0; n < 400; n++) await damaged(name, flipped(Math.floor((length * n) / 400)), refused);
    }
  });

  it('cannot be passed off by a manifest that fits: what was extracted is compared with the index', async () => {
    // An archive of the right checksum that lacks a member at its end: tar itself takes it for whole.
    const path = 'volumes/data.tar.zst';
    const tar = zstdDecompressSync(readFileSync(project.point(id, path)));
    let last = 0;
    for (let at = 0; at < tar.length; at += 512)
      if (tar.subarray(at + 257, at + 262).toString() === 'ustar' && tar[at + 156] !== 0x78) last = at;
    const short = zstdCompressSync(Buffer.concat([tar.subarray(0, last), Buffer.alloc(1024)]));
    await damaged(
      'manifest.json',
      (text) => Buffer.from(resealed(text.toString(), path, short)),
      () =>
        damaged(
          path,
          () => short,
          async () => {
            // Forged, it is no point of this project any more, and this one has device nodes.
            const args = ['restore', id, '--yes', '--no-safety-backup', '--allow-devices'];
            const { exitCode, stderr } = await project.rewind(args);
            expect(exitCode).to.equal(4);
            expect(stderr).to.match(/is missing/);
          },
        ),
    );
  });

  function resealed(text: string, path: string, content: Buffer): string {
    const { checksum: _, ...manifest } = JSON.parse(text);
    const { archive } = manifest.volumes[0].layers[0];
    expect(archive.path).to.equal(path);
    archive.bytes = content.length;
    archive.sha256 = createHash('sha256').update(content).digest('hex');
    const checksum = createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
    return `${JSON.stringify({ ...manifest, checksum }, undefined, 2)}\n`;
  }
});
