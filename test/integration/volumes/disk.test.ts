import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { expect } from 'chai';
import { run } from '../../e2e/installed.ts';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

const MB = 1_000_000;

describe('a full disk', () => {
  let project: DataProject;
  let device: string | undefined;
  afterEach(async () => {
    await run('umount', [project.path('store')]);
    await project.remove();
    if (device !== undefined) await run('losetup', ['-d', device]);
    device = undefined;
  });

  async function must(program: string, args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(program, args);
    if (exitCode !== 0) throw new Error(`${program} (this test mounts file systems, as root): ${stderr}`);
    return stdout.trim();
  }

  /** A file with an ext4 file system; without reserved blocks, so that what is free is free. */
  async function disk(name: string, bytes: number, ...options: string[]): Promise<string> {
    const path = project.path(name);
    closeSync(openSync(path, 'w'));
    await must('truncate', ['-s', String(bytes), path]);
    await must('mkfs.ext4', ['-q', '-F', '-m', '0', '-O', '^has_journal', ...options, path]);
    return path;
  }

  /** Takes all but `left` bytes. */
  function fill(path: string, left: number): void {
    const file = openSync(path, 'w');
    let size = 0;
    try {
      for (;;) size += writeSync(file, Buffer.alloc(4096));
    } catch {
      ftruncateSync(file, Math.max(0, size - left));
    } finally {
      closeSync(file);
    }
  }

  it('of the store leaves no restore point behind, and is refused with the numbers where that can be foreseen', async () => {
    project = await DataProject.make({ rewind: ['stores: [store/points]'] });
    mkdirSync(project.path('store'));
    await must('mount', ['-o', 'loop', await disk('store.img', 40 * MB), project.path('store')]);
    const [container] = await project.containers();
    const data = async (megabytes: number): Promise<unknown> =>
      project.inside(`rm -f r.* ; head -c ${megabytes * MB} /dev/urandom | split -b 3000000 - r.`);

    await data(60);
    const full = await project.rewind(['backup']);
    expect(full.exitCode, full.stderr).to.equal(1);
    const filled = /store\/points.*the disk is full.*Nothing was changed/s;
    expect(full.stderr).to.match(filled);
    const names = async (): Promise<string> =>
      must('find', [project.path('store'), '-mindepth', '2', '-not', '-path', '*lost+found*']);
    expect(await names()).to.equal('');
    expect(await project.containers()).to.deep.equal([container]);

    await data(12);
    await project.inside(`head -c ${8 * MB} /dev/urandom >large`);
    const { id } = await project.backup();
    fill(project.path('store/ballast'), 5 * MB);
    // What the last one took says nothing: what changed now is what needs room.
    await project.inside('echo small >small');
    const { id: small } = await project.backup();
    // How much of a large file changed is known when it has been read.
    const there = await names();
    await project.inside(`head -c ${7 * MB} /dev/urandom | dd of=large conv=notrunc status=none`);
    const parts = await project.rewind(['backup']);
    expect(parts.exitCode, parts.stderr).to.equal(1);
    expect(parts.stderr).to.match(filled);
    expect(await names()).to.equal(there);
    expect(await project.containers()).to.deep.equal([container]);
    await data(20);
    const refused = await project.rewind(['backup']);
    expect(refused.exitCode, refused.stderr).to.equal(4);
    expect(refused.stderr).to.match(/too little space: about 2\d MB are needed, [45]\.\d MB are free/);
    expect((await project.json(['list'])).document.points.map((point: any) => point.id)).to.deep.equal([
      small,
      id,
    ]);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  /** A project whose volume is a disk of its own. */
  async function withVolumeDisk(bytes: number, ...options: string[]): Promise<void> {
    project = new DataProject();
    device = await must('losetup', ['-f', '--show', await disk('volume.img', bytes, ...options)]);
    project.write(
      'compose.yml',
      [
        `name: ${project.name}`,
        'services: {web: {image: rewind-test/app:base, stop_grace_period: 1s, volumes: [data:/data]}}',
        `volumes: {data: {driver_opts: {type: ext4, device: ${device}}}}`,
        `x-rewind: {helper_image: ${HELPER_IMAGE}}`,
        '',
      ].join('\n'),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
  }

  it('of the volume is refused with the numbers before a restore begins; --in-place does without the room', async () => {
    await withVolumeDisk(50 * MB);
    await project.inside(`head -c ${30 * MB} /dev/urandom >random`);
    const then = await project.snapshot();
    const { id } = await project.backup();
    await project.inside('printf new >>random');
    const now = await project.snapshot();
    const [container] = await project.containers();
    const refused = await project.rewind(['restore', id, '--yes', '--no-safety-backup']);
    expect(refused.exitCode, refused.stderr).to.equal(4);
    expect(refused.stderr).to.match(/too little space for data: 30 MB are needed, 1\d MB are free/);
    expect(refused.stderr).to.match(/--in-place/);
    expect(await project.snapshot()).to.equal(now);
    expect(await project.containers()).to.deep.equal([container]);
    await project.must(['restore', id, '--yes', '--no-safety-backup', '--in-place']);
    expect(await project.snapshot()).to.equal(then);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('of the volume that comes as a surprise is taken back', async () => {
    // Room enough, but not for as many files again.
    await withVolumeDisk(50 * MB, '-N', '400');
    await project.inside('for i in $(seq 250); do echo $i >$i; done');
    const { id } = await project.backup();
    await project.inside('echo new >1');
    const now = await project.snapshot();
    const failed = await project.rewind(['restore', id, '--yes', '--no-safety-backup']);
    expect(failed.exitCode, failed.stderr).to.equal(1);
    expect(failed.stderr).to.match(/No space left on device.*Nothing was changed/s);
    expect(await project.snapshot()).to.equal(now);
    expect((await project.containers())[0]).to.include({ status: 'running', health: 'healthy' });
    expect(await project.leftovers()).to.deep.equal([]);
    expect(existsSync(project.path('.rewind/lock'))).to.equal(false);
  });
});
