import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { leftovers } from '../world.ts';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

describe('a file system that is mounted below what a project keeps', () => {
  let project: DataProject;
  const inMount = (): string => project.path('uploads/disk/inside');
  const unmount = (): unknown => execFileSync('umount', [project.path('uploads/disk')]);
  const running = async (): Promise<string> =>
    (await project.docker(['inspect', '--format', '{{.State.StartedAt}}', `${project.name}-web-1`])).stdout;

  before(async () => {
    project = new DataProject();
    project.writeFile({ bind: true });
    project.write('uploads/first', 'first');
    mkdirSync(project.path('uploads/disk'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', project.path('uploads/disk')]);
    writeFileSync(inMount(), 'only here');
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
  });
  after(async () => {
    if (existsSync(inMount())) unmount();
    await project.compose(['down', '-v', '-t', '0']);
    await project.remove();
  });

  for (const more of [[], ['--mode', 'hot']])
    it(`is said not to be in the restore point ${more.join(' ')}`, async () => {
      const { stdout } = await project.must(['backup', ...more]);
      expect(stdout).to.include('uploads: not kept: other file systems below it: disk');
      const { document } = await project.json(['inspect', 'latest']);
      const lost = document.volumes.map((volume: any) => [volume.key, volume.lost]);
      expect(lost).to.deep.equal([
        ['data', []],
        ['uploads', ['other file systems below it: disk']],
      ]);
    });

  // Single files are looked at when they are put in their place.
  for (const [exitCode, ...how] of [[4], [4, '--in-place'], [1, '--file', 'uploads:disk']] as const)
    it(`is not removed by a restore ${how.join(' ')}`, async () => {
      const since = await running();
      project.write('uploads/first', 'changed');
      const refused = await project.rewind(['restore', 'latest', '--yes', ...how]);
      expect(refused.stderr).to.match(/disk in uploads is another file system, .*\n→ Unmount or move it/);
      expect(refused.exitCode, refused.stderr).to.equal(exitCode);
      expect(readFileSync(inMount(), 'utf8')).to.equal('only here');
      expect([project.read('uploads/first'), await running()]).to.deep.equal(['changed', since]);
      expect(leftovers(project)).to.deep.equal([]);
    });

  it('is refused where only BusyBox is at hand, whose tar would go into it', async () => {
    const since = await running();
    const file = project.read('compose.yml');
    project.write('compose.yml', file.replace(HELPER_IMAGE, 'rewind-test/alpine:3.20'));
    const refused = await project.rewind(['backup', 'uploads']);
    project.write('compose.yml', file);
    expect(refused.stderr).to.include(
      'uploads has other file systems below it: disk; the helper image has BusyBox only',
    );
    expect([refused.exitCode, await running()]).to.deep.equal([4, since]);
  });

  it('is no obstacle to a restore of single files, nor to any when it is unmounted', async () => {
    await project.must(['restore', 'latest', '--yes', '--file', 'uploads:first']);
    expect(project.read('uploads/first')).to.equal('first');
    project.write('uploads/first', 'changed again');
    await project.compose(['stop']);
    unmount();
    await project.must(['restore', 'latest', '--yes']);
    expect(project.read('uploads/first')).to.equal('first');
  });
});
