import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../../e2e/installed.ts';
import { DataProject, HELPER_IMAGE, ONE_OF_EVERYTHING } from './data-project.ts';

describe('docs/restore-points.md', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('puts a restore point back with tar and zstd alone, a differential too', async () => {
    project = await DataProject.make();
    await project.inside(`${ONE_OF_EVERYTHING}\nhead -c 6000000 /dev/urandom >$'dir/large\\n'`);
    await project.backup();
    await project.inside(
      `rm -r dir/deep ; rm dangling ; mkdir dangling ; echo more >>dir/file ; ln -s /etc dir/-link
      printf part | dd of=$'dir/large\\n' bs=1 seek=4000000 conv=notrunc status=none
      truncate -s 4500000 $'dir/large\\n'
      touch -d @98.5 dir ; touch -d @99.5 .`,
    );
    const snapshot = await project.snapshot();
    const { id, volumes } = await project.backup();
    expect(volumes[0].layers[1]).to.have.property('blocks');

    const text = readFileSync(join(ROOT, 'docs/restore-points.md'), 'utf8');
    const script = /<!-- by-hand[^\n]*\n+```sh\n(.*?)```/s.exec(text)?.[1] ?? '';
    expect(script).to.match(/tar -x/);
    const copy = `${project.name}_copy`;
    const mounts = ['-v', `${copy}:/target`, '-v', `${project.point(id)}:/point:ro`];
    const variables = ['-e', 'POINT=/point', '-e', 'VOLUME=data', '-e', 'TARGET=/target'];
    const outcome = await project.docker([
      'run',
      '--rm',
      '--network',
      'none',
      ...mounts,
      ...variables,
      HELPER_IMAGE,
      'sh',
      '-euc',
      script,
    ]);
    expect(outcome.exitCode, outcome.stderr).to.equal(0);
    expect(await project.snapshot(copy)).to.equal(snapshot);
    await project.docker(['volume', 'rm', copy]);
  });
});
