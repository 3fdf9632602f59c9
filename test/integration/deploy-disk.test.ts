import { expect } from 'chai';
import { closeSync, existsSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { run } from '../e2e/installed.ts';
import { TestProject } from './project.ts';
import { containerIds, leftovers, worldOf } from './world.ts';

describe('a disk that cannot be written', () => {
  let project: TestProject;
  afterEach(async () => {
    await run('umount', [project.directory]);
    await run('umount', [project.directory]);
    await project.remove();
  });

  async function mount(...args: string[]): Promise<void> {
    const result = await run('mount', [...args, project.directory]);
    if (result.exitCode !== 0)
      throw new Error(`this test mounts file systems, which needs root: ${result.stderr}`);
  }

  /** Takes all but `left` bytes of the disk. */
  function fill(left: number): void {
    const file = openSync(project.path('ballast'), 'w');
    let size = 0;
    try {
      for (;;) size += writeSync(file, Buffer.alloc(4096));
    } catch {
      ftruncateSync(file, Math.max(0, size - left));
    } finally {
      closeSync(file);
    }
  }

  async function expectRefused(says: RegExp): Promise<void> {
    const before = await worldOf(project);
    const outcome = await project.rewind(['deploy', `web=${project.repository}:v2`]);
    expect(outcome.exitCode, outcome.stderr).to.equal(1);
    expect(outcome.stdout).to.equal('');
    expect(outcome.stderr)
      .to.match(says)
      .and.not.match(/internal error|^ {4}at /m);
    expect(await worldOf(project)).to.deep.equal(before);
    const statuses = (await project.history()).map((entry) => entry.status);
    expect(statuses.filter((status) => status !== 'failed')).to.deep.equal(['succeeded']);
  }

  it('fails in one line on a read-only directory, before anything is touched', async () => {
    project = await TestProject.web();
    await project.must(['deploy']);
    await mount('--bind', project.directory);
    await mount('-o', 'remount,bind,ro');
    const ids = await containerIds(project, 'web');
    await expectRefused(
      /^docker rewind: .*cannot be written: the file system is read-only\. Nothing was changed\n→ .*\n$/,
    );
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    const preview = await project.rewind(['deploy', `web=${project.repository}:v2`, '--dry-run']);
    expect(preview.exitCode, preview.stderr).to.equal(0);
    expect(preview.stdout).to.match(/edit compose\.yml/);
  });

  it('plans on a read-only directory that was never deployed, and makes no .rewind', async () => {
    project = await TestProject.web();
    await mount('--bind', project.directory);
    await mount('-o', 'remount,bind,ro');
    const { exitCode, document } = await project.json(['deploy', '--dry-run']);
    expect(exitCode).to.equal(0);
    expect(document).to.include({ dryRun: true, id: 'v1' });
    expect(existsSync(project.path('.rewind'))).to.equal(false);
    expect(await project.containers()).to.deep.equal([]);
  });

  // Nothing, not enough for the edit, and enough for all but the record.
  for (const left of [0, 73_728, 81_920]) {
    it(`fails, and everything is as it was, on a disk with ${left} bytes left`, async () => {
      project = await TestProject.web();
      await mount('-t', 'tmpfs', '-o', 'size=512k', 'tmpfs');
      project.write('compose.yml', project.webFile('v1'));
      await project.must(['deploy']);
      fill(left);
      await expectRefused(/disk is full/);
      rmSync(project.path('ballast'));
      expect(leftovers(project)).to.deep.equal([]);
      if (left > 0) return;
      await project.must(['deploy', `web=${project.repository}:v2`]);
      expect(await project.answers()).to.equal('v2');
    });
  }
});
