import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'chai';
import { Crc64 } from '../../../src/databases/redis/crc64.ts';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import { run } from '../../e2e/installed.ts';
import { until } from '../world.ts';
import { RedisProject } from './redis-project.ts';
import { backupIntoFullStore } from './small-store.ts';

// A key of a type that no server has, and the end mark.
const UNKNOWN_TYPE = Buffer.from([0x7f, 0, 0, 0xff]);

/** An RDB file with its checksum. */
function summed(body: Buffer): Buffer {
  const crc = new Crc64();
  crc.update(body);
  return Buffer.concat([body, crc.digest()]);
}

describe('a Redis restore that fails', () => {
  let project: RedisProject;

  /** What every failure must leave: the data as it was, settings too, nothing beside it. */
  async function unchanged(before: string, settings: string): Promise<void> {
    expect(await project.content()).to.equal(before);
    expect(await project.settings()).to.equal(settings);
    await project.clean();
  }

  /** Another content of the dump in a point whose manifest says that it is right. */
  function tamper(id: string, change: (rdb: Buffer) => Buffer): void {
    const directory = project.path(`.rewind/points/${id}`);
    const { checksum: _, ...manifest } = JSON.parse(readFileSync(`${directory}/manifest.json`, 'utf8'));
    const [artifact] = manifest.databases;
    const rdb = change(zstdDecompressSync(readFileSync(`${directory}/${artifact.dump.path}`)));
    const stored = zstdCompressSync(rdb);
    writeFileSync(`${directory}/${artifact.dump.path}`, stored);
    artifact.dump.bytes = stored.length;
    artifact.dump.sha256 = createHash('sha256').update(stored).digest('hex');
    artifact.details.rdbBytes = rdb.length;
    writeFileSync(`${directory}/manifest.json`, renderManifest(manifest));
  }

  describe('with one server', () => {
    let id: string;
    let before: string;
    let settings: string;

    beforeEach(async () => {
      project = await RedisProject.start({ args: ['--appendonly', 'yes'] });
      await project.fill(50);
      ({ id } = await project.backup());
      await project.ask('SET', 'live', 'now');
      before = await project.content();
      settings = await project.settings();
    });
    afterEach(() => project.remove());

    it('for a damaged or a later dump, before the live data is touched', async () => {
      const original = readFileSync(project.path(`.rewind/points/${id}/databases/cache/data.rdb.zst`));
      const manifest = readFileSync(project.path(`.rewind/points/${id}/manifest.json`));
      const cases: [string, (rdb: Buffer) => Buffer, RegExp][] = [
        [
          'damaged',
          (rdb) => (rdb.writeUInt8(rdb.readUInt8(rdb.length - 500) ^ 1, rdb.length - 500), rdb),
          /damaged/,
        ],
        // Whose checksum says that nothing was changed.
        ['unreadable', (rdb) => summed(Buffer.concat([rdb.subarray(0, -9), UNKNOWN_TYPE])), /damaged/],
        [
          'later',
          (rdb) => (rdb.write('REDIS0099', 0, 'latin1'), summed(rdb.subarray(0, -8))),
          /later version/,
        ],
      ];
      for (const [name, change, says] of cases) {
        tamper(id, change);
        const { exitCode, document } = await project.restore(id, '--no-safety-backup');
        expect(exitCode, name).to.equal(4);
        expect(JSON.stringify(document), name).to.match(says);
        await unchanged(before, settings);
        writeFileSync(project.path(`.rewind/points/${id}/databases/cache/data.rdb.zst`), original);
        writeFileSync(project.path(`.rewind/points/${id}/manifest.json`), manifest);
      }
      // Bytes that the manifest does not describe never reach the container.
      writeFileSync(
        project.path(`.rewind/points/${id}/databases/cache/data.rdb.zst`),
        original.subarray(0, -1),
      );
      const { exitCode } = await project.restore(id, '--no-safety-backup');
      expect(exitCode).to.equal(4);
      await unchanged(before, settings);
    });

    it('for a replica', async () => {
      await project.ask('REPLICAOF', '127.0.0.1', '1');
      const replica = await project.restore(id, '--no-safety-backup');
      expect(replica.exitCode).to.not.equal(0);
      expect(JSON.stringify(replica.document)).to.match(/is a replica of 127\.0\.0\.1/);
      await project.ask('REPLICAOF', 'NO', 'ONE');
      await unchanged(before, settings);
    });

    it('or not at all, when the server dies while the dump goes in, and runs again', async () => {
      const [container] = await project.containers('cache');
      for (const mark of ['restored.rdb', 'begun']) {
        const restore = project.restore(id, '--no-safety-backup');
        await project.staged(mark);
        await run('docker', ['kill', container?.id ?? '']);
        await run('docker', ['start', container?.id ?? '']);
        const { exitCode, document } = await restore;
        expect(exitCode, `${mark} ${JSON.stringify(document)}`).to.be.oneOf([0, 1, 5]);
        await project.ready();
        if (exitCode === 5) await project.must(['recover']);
        if (exitCode === 0) {
          // It went on with the server as it was after the start.
          expect(await project.ask('EXISTS', 'live')).to.equal('0');
          await project.ask('SET', 'live', 'now');
        }
        await unchanged(before, settings);
      }
    });
  });

  it('because nobody is well on the restored data: all that was written before is back', async () => {
    project = await RedisProject.start({
      args: ['--appendonly', 'no'],
      service: [
        'healthcheck:',
        '  test: ["CMD-SHELL", "redis-cli get live | grep -q now"]',
        '  interval: 1s',
        '  start_interval: 200ms',
        '  start_period: 10s',
        '  retries: 2',
      ],
    });
    await project.fill(50);
    const { id } = await project.backup();
    await project.ask('SET', 'live', 'now');
    await until(
      'the server to be healthy',
      async () => (await project.containers('cache'))[0]?.health === 'healthy',
    );
    const settings = await project.settings();
    // Each acknowledged write of a client that goes on all the time.
    const writer = project.inside(
      'rm -f /tmp/stop; while [ ! -e /tmp/stop ]; do redis-cli incr counter; done',
    );
    await until('the first writes', async () => Number(await project.ask('GET', 'counter')) > 5);
    const { exitCode, document } = await project.restore(id, '--no-safety-backup');
    await project.inside('touch /tmp/stop');
    const acknowledged = (await writer).stdout
      .split('\n')
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
    expect(exitCode, JSON.stringify(document)).to.equal(1);
    // While the restored data was in place the counter began anew; what came before it is not lost.
    const restart = acknowledged.findIndex((value, index) => value < (acknowledged[index - 1] ?? 0));
    const old = restart < 0 ? acknowledged : acknowledged.slice(0, restart);
    const last = old.at(-1) ?? 0;
    expect(old).to.deep.equal(old.map((_, index) => index + 1));
    expect(acknowledged.filter((value) => value > last)[0] ?? last + 1).to.equal(last + 1);
    expect(Number(await project.ask('GET', 'counter'))).to.be.at.least(last);
    expect(await project.ask('GET', 'live')).to.equal('now');
    expect(await project.settings()).to.equal(settings);
    await project.clean();
    await project.remove();
  });

  it('for too little space beside the data', async () => {
    project = await RedisProject.start({
      volume: { driver_opts: { type: 'tmpfs', device: 'tmpfs', o: 'size=4m' } },
      args: ['--save', ''],
    });
    await project.fill(50);
    const { id } = await project.backup();
    await project.ask('SET', 'live', 'now');
    const before = await project.content();
    const settings = await project.settings();
    await project.inside('head -c 2500000 /dev/zero >/data/ballast');
    const { exitCode, document } = await project.restore(id, '--no-safety-backup');
    expect(exitCode, JSON.stringify(document)).to.equal(4);
    expect(JSON.stringify(document)).to.match(/too little space in \/data of cache/);
    await unchanged(before, settings);
    await project.remove();
  });

  it('never: a full server comes back full', async () => {
    project = await RedisProject.start({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] });
    await project.ask(
      'EVAL',
      `for i = 1, 9000 do redis.call('SET', 'k' .. i, string.rep('x', 500)) end`,
      '0',
    );
    const full = await project.tryAsk('SET', 'more', 'x');
    expect(full.stderr + full.stdout).to.match(/OOM/);
    const before = await project.content();
    const { id } = await project.backup();
    await project.ask('DEL', 'k1', 'k2');
    const { exitCode, document } = await project.restore(id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.content()).to.equal(before);
    await project.remove();
  });
});

describe('a Redis dump that fails', () => {
  let project: RedisProject;
  afterEach(() => project.remove());

  it('makes no restore point: the store is full', async () => {
    project = await RedisProject.start();
    await project.ask(
      'EVAL',
      `for i = 1, 500 do redis.call('SET', i, redis.sha1hex(i) .. redis.sha1hex(-i)) end`,
      '0',
    );
    const before = await project.content();
    await backupIntoFullStore(project, '16k');
    expect(await project.content()).to.equal(before);
    await project.clean();
  });

  it('makes no restore point: the server dies', async () => {
    project = await RedisProject.start({ args: ['--appendonly', 'yes'] });
    await project.fill(300);
    const before = await project.content();
    await project.ask('CONFIG', 'SET', 'rdb-key-save-delay', '20000');
    const backup = project.json(['backup']);
    await until('the dump to be under way', async () =>
      /connected_slaves:1/.test(await project.ask('INFO', 'replication')),
    );
    const [container] = await project.containers('cache');
    await run('docker', ['kill', container?.id ?? '']);
    const { exitCode, document } = await backup;
    expect(exitCode).to.equal(1);
    expect(JSON.stringify(document)).to.match(/the dump of cache failed/);
    expect(readdirSync(project.path('.rewind/points'))).to.deep.equal([]);
    await run('docker', ['start', container?.id ?? '']);
    await project.ready();
    expect(await project.content()).to.equal(before);
  });
});
