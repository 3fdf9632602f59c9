import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { zstdDecompressSync } from 'node:zlib';
import { DataProject } from '../volumes/data-project.ts';
import { forge, stored, tar, type Member } from './hostile-archive.ts';

describe('a restore point that somebody else wrote', () => {
  let project: DataProject;
  let good: string;
  let present: string;
  let container: unknown;
  let serial = 0;

  before(async () => {
    project = await DataProject.make({ bind: true });
    await project.inside('mkdir d; echo mine >d/file; echo mine >victim; mknod node c 1 3');
    good = (await project.backup()).id;
    present = await project.snapshot();
    [container] = await project.containers();
  });
  after(() => project.remove());

  /** A copy of the good point under a name of its own. */
  function copied(): string {
    const id = `20200101-0000${String(serial).padStart(2, '0')}-${(++serial).toString(16).padStart(4, '0')}`;
    cpSync(project.point(good), project.point(id), { recursive: true });
    forge(project, id, (manifest) => (manifest.id = id));
    return id;
  }

  /** Restoring is refused with these words before anything stops, and nothing of the present data is touched. */
  async function refused(id: string, words: RegExp, args: string[] = []): Promise<void> {
    const command = ['restore', id, '--only', 'data', '--yes', '--no-safety-backup', ...args];
    const { exitCode, stderr } = await project.rewind(command);
    // Tar itself refuses some of them.
    expect(exitCode, stderr).to.be.oneOf([1, 4]);
    expect(stderr)
      .to.match(words)
      .and.not.match(/internal error/);
    expect((await project.containers())[0]).to.deep.equal(container);
    expect(await project.snapshot()).to.equal(present);
    expect(await project.leftovers()).to.deep.equal([]);
    rmSync(project.point(id), { recursive: true });
  }

  /** A point whose volume `data` is these layers, with an index that knows nothing of them. */
  function layered(
    layers: readonly {
      members: readonly Member[];
      deleted?: string;
      parts?: readonly Member[];
      files?: readonly { path: string; sha256: string }[];
    }[],
  ): string {
    const id = copied();
    const made = layers.map(({ members, deleted, parts, files = [] }, n) => ({
      archive: stored(project, id, `volumes/evil.${n}.tar.zst`, tar(members)),
      deleted:
        deleted === undefined
          ? null
          : stored(project, id, `volumes/evil.${n}.deleted.zst`, Buffer.from(`${deleted}\0`)),
      ...(parts === undefined
        ? {}
        : { blocks: { ...stored(project, id, `volumes/evil.${n}.blocks.zst`, tar(parts)), files } }),
      point: id,
    }));
    forge(project, id, (manifest) => {
      manifest.volumes = manifest.volumes.filter((volume: any) => volume.key === 'data');
      manifest.volumes[0].layers = made;
    });
    return id;
  }

  const evil: Member = { name: './way/victim', type: '0', content: Buffer.from('evil') };
  // From the staging directory to the root of the volume.
  const way: Member = { name: './way', type: '2', link: '../..' };

  it('cannot write outside by names or by links of one archive', async () => {
    await refused(
      layered([
        {
          members: [
            { name: '../../victim', type: '0', content: Buffer.from('evil') },
            { name: '/victim', type: '0' },
          ],
        },
      ]),
      /is missing|is not what|failed/,
    );
    await refused(layered([{ members: [way, evil] }]), /is missing|is not what|failed/);
    await refused(
      layered([{ members: [{ name: './way', type: '2', link: '/volumes/data' }, evil] }]),
      /is missing|is not what|failed/,
    );
    await refused(
      layered([
        {
          members: [
            { name: './hard', type: '1', link: '../../victim' },
            { name: './hard', type: '0', content: Buffer.from('evil') },
          ],
        },
      ]),
      /is missing|is not what|failed/,
    );
  });

  it('cannot write or delete outside through links of a layer below', async () => {
    await refused(layered([{ members: [way] }, { members: [evil] }]), /leads through a link/);
    await refused(
      layered([{ members: [way] }, { members: [{ name: './hard', type: '1', link: './way/victim' }] }]),
      /leads through a link/,
    );
    await refused(
      layered([{ members: [] }, { members: [{ name: './hard', type: '1', link: '../../victim' }] }]),
      /outside the volume/,
    );
    await refused(
      layered([{ members: [way] }, { members: [], deleted: './way/victim' }]),
      /leads through a link/,
    );
    await refused(
      layered([{ members: [way] }, { members: [{ name: './a/../way/victim', type: '0' }] }]),
      /outside the volume/,
    );
    await refused(
      layered([{ members: [way] }, { members: [], deleted: '../../victim' }]),
      /outside the volume/,
    );
  });

  it('cannot write outside through a link of a layer that leads to one of a layer below', async () => {
    const on: Member = { name: './on', type: '2', link: 'way' };
    const through: Member = { name: './on/victim', type: '0', content: Buffer.from('evil') };
    await refused(layered([{ members: [way] }, { members: [on, through] }]), /leads through a link/);
    const again: Member = { name: './again', type: '1', link: './way' };
    const behind: Member = { name: './again/victim', type: '0', content: Buffer.from('evil') };
    await refused(layered([{ members: [way] }, { members: [again, behind] }]), /leads through a link/);
  });

  it('cannot write outside, or wait for ever, by parts of files', async () => {
    const part = (name: string): Member => ({ name, type: '0', content: Buffer.from('evil') });
    const file: Member = { name: './file', type: '0', content: Buffer.from('good') };
    const pipe: Member = { name: './pipe', type: '6' };
    const deeper: Member = { name: './victim', type: '2', link: '../../victim' };
    for (const layers of [
      [{ members: [way], parts: [part('./way/victim/0')] }],
      [{ members: [way] }, { members: [], parts: [part('./way/victim/0')] }],
      [{ members: [deeper] }, { members: [], parts: [part('./victim/0')] }],
      [{ members: [file] }, { members: [], parts: [part('../../victim/0')] }],
      [{ members: [file] }, { members: [], parts: [part('/volumes/data/victim/0')] }],
      [{ members: [file] }, { members: [], parts: [part('./file/../../../victim/0')] }],
    ])
      await refused(layered(layers), /leads through a link|outside the volume/);
    const on: Member = { name: './on', type: '2', link: 'way' };
    await refused(
      layered([{ members: [way] }, { members: [], parts: [on, part('./on/victim/0')] }]),
      /leads through a link|something else/,
    );
    for (const name of ['./pipe/0', './file/x', './file/', './file', './file/-1', './none/0', './.'])
      await refused(
        layered([{ members: [file, pipe] }, { members: [], parts: [part(name)] }]),
        /failed|outside the volume|something else|is missing|is not what/,
      );
  });

  it('has no large file put together of parts that do not fit', async () => {
    const file: Member = { name: './file', type: '0', content: Buffer.alloc(100_000, 'a') };
    const parts: Member[] = [
      { name: './file/65536', type: '0', content: Buffer.from('other') },
      { name: './file/100000', type: '0' },
    ];
    const sha256 = createHash('sha256').update('what was archived').digest('hex');
    for (const path of ['./file', './none', '../../victim'])
      await refused(
        layered([{ members: [file] }, { members: [], parts, files: [{ path, sha256 }] }]),
        /are not what was archived|is damaged|failed/,
      );
  });

  it('makes no device nodes without consent, in place neither; one of our own does', async () => {
    for (const args of [[], ['--in-place']])
      await refused(copied(), /holds device nodes[\s\S]*--allow-devices/, args);
    const id = copied();
    await project.must(['restore', id, '--only', 'data', '--yes', '--no-safety-backup', '--allow-devices']);
    await project.must(['restore', good, '--only', 'data', '--yes', '--no-safety-backup']);
    rmSync(project.point(id), { recursive: true });
    expect(await project.snapshot()).to.equal(present);
    [container] = await project.containers();
  });

  it('leads nowhere by links in the store', async () => {
    for (const part of ['volumes/data.tar.zst', 'volumes', 'manifest.json', '']) {
      const id = copied();
      const path = join(project.point(id), part);
      const aside = project.path(`aside-${serial}`);
      renameSync(path, aside);
      symlinkSync(aside, path.replace(/\/$/, ''));
      const { exitCode, stderr } = await project.rewind(['restore', id, '--only', 'data', '--yes']);
      expect(exitCode, stderr).to.equal(4);
      expect(stderr, part).to.match(/is a link, or in one/);
      unlinkSync(path.replace(/\/$/, ''));
      rmSync(project.point(id), { recursive: true, force: true });
    }
    // A pipe would keep whoever opens it waiting for ever.
    const id = copied();
    unlinkSync(project.point(id, 'manifest.json'));
    execFileSync('mkfifo', [project.point(id, 'manifest.json')]);
    const listed = await project.json(['list']);
    expect(listed.exitCode).to.equal(3);
    expect(listed.document.problems[0].message).to.match(/no plain file/);
    rmSync(project.point(id), { recursive: true });
  });

  it('draws nothing on the terminal', async () => {
    const id = copied();
    const draw = '\u001B]0;owned\u0007\u001B[2J\u202E';
    const index = zstdDecompressSync(readFileSync(project.point(id, 'volumes/data.index.zst'))).toString(
      'latin1',
    );
    const name = Buffer.from(draw).toString('latin1');
    const record = /\.\/victim(\/\/[^\0]*\0)/.exec(index)?.[1] ?? '';
    forge(project, id, (manifest) => {
      const [volume] = manifest.volumes;
      volume.index = stored(
        project,
        id,
        'volumes/data.index.zst',
        Buffer.from(index.replace('//end\0', `./${name}${record}//end\0`), 'latin1'),
      );
      volume.notes = [draw];
      volume.lost = [draw];
      volume.consistency = draw;
      Object.assign(manifest, { reason: draw, user: draw, host: draw });
      manifest.images = { [draw]: { image: draw, imageId: draw } };
      manifest.downtime = { [draw]: 1 };
    });
    mkdirSync(project.point(`20200101-000099-ffff${draw.slice(0, 2)}`), { recursive: true });
    for (const args of [
      ['list'],
      ['inspect', id],
      ['inspect', id, '--files', 'data'],
      ['restore', id, '--dry-run'],
    ]) {
      const { stdout, stderr, exitCode } = await project.rewind(args);
      expect(exitCode, stderr).to.be.oneOf([0, 3]);
      // oxlint-disable-next-line no-control-regex
      expect(stdout + stderr, args.join(' ')).not.to.match(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
    }
    const { document } = await project.json(['inspect', id]);
    expect(document.reason).to.equal(draw);
    rmSync(project.point(id), { recursive: true });
  });

  it('draws nothing by a history or a configuration that others wrote', async () => {
    const draw = '\u001B]0;owned\u0007\u001B[2J\u202E';
    const compose = project.read('compose.yml');
    project.write('compose.yml', `${compose}  environment: ${JSON.stringify(draw)}\n`);
    const at = '2026-11-23T05:15:30.000Z';
    const service = { image: draw, imageId: draw, digest: draw, previousImage: draw };
    const entry = {
      schema: 1, uid: 'aaaa', id: 'v1', kind: 'deploy', status: 'succeeded', environment: draw, project: project.name,
      startedAt: at, finishedAt: at, user: draw, host: draw, message: draw, commit: draw, changed: [draw, 'web'],
      services: { [draw]: service, web: service },
    }; // prettier-ignore
    project.write('.rewind/history.jsonl', `${JSON.stringify(entry)}\n{"id": "${draw}\n`);
    for (const args of [
      ['status'],
      ['history'],
      ['show', 'v1'],
      ['backup', '--dry-run'],
      ['list'],
      ['doctor'],
    ]) {
      const { stdout, stderr, exitCode } = await project.rewind(args);
      expect(exitCode, stderr).to.be.below(5);
      expect(stdout + stderr, args.join(' ')).not.to.match(/internal error/);
      // oxlint-disable-next-line no-control-regex
      expect(stdout + stderr, args.join(' ')).not.to.match(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
    }
    project.write('compose.yml', compose);
  });
});
