import { expect } from 'chai';
import { hostname, userInfo } from 'node:os';
import { TestProject } from './project.ts';
import { leftovers, untilRuns, whileItStands, worldOf } from './world.ts';

describe('two deploys at the same time', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('refuses the second with exit 11 and says who holds the lock; the first is not disturbed', async () => {
    project = await TestProject.web({ v1: 'slow', v2: 'ok' });
    const first = project.json(['deploy']);
    await untilRuns(project, `${project.repository}:v1`);
    const holder = JSON.parse(project.read('.rewind/lock')) as { pid: number; since: string };
    const before = await worldOf(project);

    const another = ['deploy', `web=${project.repository}:v2`];
    await whileItStands(project, async () => {
      const second = await project.json(another);
      expect(second.exitCode).to.equal(11);
      expect(second.document.error.message).to.equal(
        `"docker rewind deploy" of ${process.env['SUDO_USER'] ?? userInfo().username} is at work here (pid ${holder.pid} on ${hostname()}, since ${holder.since})`,
      );
      for (const others of [['rollback', '--yes'], ['recover']]) {
        expect((await project.rewind(others)).exitCode, others[0]).to.equal(11);
      }
      // What only looks needs no lock.
      expect((await project.rewind([...another, '--dry-run'])).exitCode).to.equal(0);
      expect((await project.rewind(['status'])).exitCode).to.be.oneOf([0, 3]);
    });
    expect(project.read('compose.yml')).to.equal(before.text);

    expect((await first).exitCode).to.equal(0);
    expect(await project.answers()).to.equal('v1');
    expect(leftovers(project)).to.deep.equal([]);
  });

  it('takes the lock of a process over that is gone', async () => {
    project = await TestProject.web({ v1: 'ok' });
    await project.must(['deploy']);
    const boot = { host: hostname(), pid: 4_194_304, processStart: 1, bootId: '' };
    project.write(
      '.rewind/lock',
      JSON.stringify({ ...boot, command: 'deploy', user: 'ana', since: new Date().toISOString() }),
    );
    expect((await project.json(['deploy'])).document).to.include({ id: 'v2', status: 'succeeded' });
    expect(leftovers(project)).to.deep.equal([]);
  });
});
