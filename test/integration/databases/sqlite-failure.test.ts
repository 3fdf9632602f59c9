import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'chai';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import { killedAt, started } from './killed-command.ts';
import { SCHEMA, SqliteProject } from './sqlite-project.ts';

describe('SQLite files that cannot be dumped or put back', () => {
  let project: SqliteProject;
  before(async () => {
    project = await SqliteProject.start({ databases: ['data:app.db'] });
  });
  after(() => project.remove());

  async function fails(code: number, says: RegExp): Promise<void> {
    const points = readdirSync(project.path('.rewind/points')).length;
    const { exitCode, document } = await project.json(['backup', 'app']);
    expect(exitCode, JSON.stringify(document)).to.equal(code);
    expect(JSON.stringify(document)).to.match(says);
    expect(readdirSync(project.path('.rewind/points'))).to.have.length(points);
    await project.clean();
  }

  it('fail a backup: missing, empty, something else, a link, damaged', async () => {
    await project.sql('/data/other.db', SCHEMA);
    await project.backup('data');
    await fails(1, /data:app\.db of app failed: there is no such file/);
    expect(await project.mustInside('ls /data')).to.equal('other.db\n');
    await project.mustInside(': >/data/app.db');
    await fails(1, /no SQLite database/);
    await project.mustInside('head -c 5000 /dev/urandom >/data/app.db');
    await fails(1, /no SQLite database/);
    await project.mustInside('rm /data/app.db; ln -s other.db /data/app.db');
    await fails(1, /behind a link/);
    await project.mustInside('rm /data/app.db; cp /data/other.db /data/app.db');
    // A page in the middle, which a copy takes as it is.
    await project.mustInside(
      'head -c 2048 /dev/zero | tr "\\0" "\\377" | dd of=/data/app.db bs=4096 seek=20 conv=notrunc 2>/dev/null',
    );
    await fails(1, /integrity_check says/);
    await project.mustInside('rm /data/app.db');
  });

  it('leave the live file alone: a dump that is another than its manifest says, or unpacks to something else', async () => {
    await project.mustInside('cp /data/other.db /data/app.db');
    const { id } = await project.backup('app');
    await project.sql('/data/app.db', 'INSERT INTO plain VALUES (1)');
    const before = await project.mustInside('sha256sum /data/app.db');
    const directory = project.path(`.rewind/points/${id}`);
    const original = readFileSync(`${directory}/manifest.json`, 'utf8');
    const { checksum: _, ...manifest } = JSON.parse(original);
    const path = `${directory}/${manifest.databases[0].dump.path}`;
    const stored = readFileSync(path);
    const put = (content: Buffer): void => {
      writeFileSync(path, content);
      manifest.databases[0].dump.bytes = content.length;
      manifest.databases[0].dump.sha256 = createHash('sha256').update(content).digest('hex');
      writeFileSync(`${directory}/manifest.json`, renderManifest(manifest));
    };
    const plain = zstdDecompressSync(stored);
    plain.writeUInt8(plain.readUInt8(100_000) ^ 1, 100_000);
    for (const content of [
      zstdCompressSync(plain),
      stored.subarray(0, stored.length / 2),
      Buffer.from('no zstd'),
    ]) {
      put(content);
      const { exitCode, document } = await project.restore(id, '--no-safety-backup');
      expect(exitCode, JSON.stringify(document)).to.equal(4);
      expect(await project.mustInside('sha256sum /data/app.db')).to.equal(before);
      await project.clean();
    }
    put(stored);
    writeFileSync(path, stored.subarray(1));
    expect((await project.restore(id, '--no-safety-backup')).exitCode).to.equal(4);
    writeFileSync(path, stored);
    expect(await project.mustInside('sha256sum /data/app.db')).to.equal(before);
  });

  it('are as before or as restored after a kill at any step', async () => {
    await project.mustInside('rm -f /data/app.db*; cp /data/other.db /data/app.db');
    const { id } = await project.backup('app');
    // A copy by SQLite has the same content, not the same bytes.
    const restored = await project.content('/data/app.db');
    await project.sql('/data/app.db', 'INSERT INTO plain VALUES (1)');
    const before = await project.content('/data/app.db');
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    const { steps, finish } = (await project.json([...args, '--dry-run'])).document;
    const kinds = [...new Set<string>([...steps, ...finish].map((step: any) => step.kind))];
    expect(kinds).to.include.members([
      'load-databases',
      'stop-writers',
      'swap-databases',
      'drop-old-databases',
    ]);
    for (const kind of kinds) {
      expect(await killedAt(project, args, started(kind)), kind).to.equal(true);
      await project.must(['recover']);
      expect((await project.containers('app'))[0]?.status).to.equal('running');
      await project.clean();
      const now = await project.content('/data/app.db');
      expect([before, restored], kind).to.include(now);
      if (now === restored) await project.sql('/data/app.db', 'INSERT INTO plain VALUES (1)');
      if (now === restored) break;
    }
  });
});
