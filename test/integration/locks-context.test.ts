import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeContexts } from './contexts.ts';
import { TestProject } from './project.ts';
import { killSession } from './session.ts';
import { startSession } from './start-session.ts';
import { locksOnEngine, untilRuns, whileStopped } from './world.ts';

describe('the lock of a project on its engine, through a context of docker', () => {
  let project: TestProject;
  let second: string;
  let contexts: Awaited<ReturnType<typeof makeContexts>>;
  before(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow' });
    contexts = await makeContexts();
    second = mkdtempSync(join(tmpdir(), `${project.name}-second-`));
    await project.must(['deploy']);
  });
  beforeEach(() => cpSync(project.path('compose.yml'), join(second, 'compose.yml')));
  afterEach(async () => expect(await locksOnEngine(project)).to.deep.equal([]));
  after(async () => {
    contexts.close();
    rmSync(second, { recursive: true, force: true });
    await project.remove();
  });

  /** `docker --context NAME rewind …` in the other checkout. */
  async function through(name: string, ...args: string[]): Promise<{ exitCode: number; document: any }> {
    const { exitCode, stdout, stderr } = await project.docker(
      ['--context', name, 'rewind', ...args, '--json'],
      {
        env: contexts.env,
        cwd: second,
      },
    );
    if (stdout === '') throw new Error(stderr);
    return { exitCode, document: JSON.parse(stdout) };
  }

  /** Starts a slow deploy through a context in the other checkout and waits until it is in the middle. */
  async function begun(name: string, ...before: string[]) {
    const argv = [...before, 'docker', '--context', name, 'rewind', 'deploy', `web=${project.repository}:v2`];
    const { leader, exit } = await startSession(argv, { cwd: second, env: contexts.env });
    await untilRuns(project, `${project.repository}:v2`);
    const { pid } = JSON.parse(readFileSync(join(second, '.rewind/lock'), 'utf8')) as { pid: number };
    return { leader, pid, exit };
  }

  for (const name of ['near', 'far']) {
    it(`refuses whoever comes by ${name} and names the holder; one that was killed is taken over`, async () => {
      const session = await project.tty(['rollback', 'v1', '--config']);
      try {
        await session.expect('Go on?');
        const { pid } = JSON.parse(project.read('.rewind/lock'));
        for (const wait of [[], ['--lock-wait', '1s']]) {
          const { exitCode, document } = await through(name, 'deploy', ...wait);
          expect(exitCode, JSON.stringify(document)).to.equal(11);
          expect(document.error.message)
            .to.contain('"docker rewind rollback" of ')
            .and.to.contain(`is at work here (pid ${pid} on ${hostname()}, since 20`);
        }
        process.kill(pid, 'SIGKILL');
        await session.exit();
      } finally {
        session.kill();
      }
      expect(await locksOnEngine(project)).to.have.length(1);
      expect((await through(name, 'deploy')).exitCode).to.equal(0);
    });

    it(`keeps others out while the holder came by ${name}, and goes to them when that has ended`, async () => {
      const { pid, exit } = await begun(name);
      const refused = await whileStopped(pid, () => project.json(['deploy']));
      expect(refused.exitCode, JSON.stringify(refused.document)).to.equal(11);
      expect(refused.document.error.message).to.contain(
        `is at work here (pid ${pid} on ${hostname()}, since `,
      );
      expect((await exit)[0]).to.equal(0);
      expect((await project.json(['deploy', `web=${project.repository}:v1`])).exitCode).to.equal(0);
    });
  }

  it('of work that was cut off is concluded where it was begun, by the same way', async () => {
    const { leader, exit } = await begun('far');
    killSession(leader);
    await exit;
    const { exitCode, document } = await project.json(['deploy']);
    expect([exitCode, document.error.code]).to.deep.equal([5, 'UNFINISHED']);
    expect(document.error.hint).to.equal(`cd ${second} && docker rewind recover`);
    expect((await through('far', 'recover')).exitCode).to.equal(0);
    expect(await project.answers()).to.equal('v1');
    await project.must(['deploy']);
  });

  it('is never taken from another host, which may be at work still: it is said what to remove', async () => {
    // Only root can be on another host without leaving this one.
    if (process.getuid?.() !== 0) return;
    const renamed = [
      'unshare',
      '--uts',
      'sh',
      '-c',
      'echo elsewhere >/proc/sys/kernel/hostname; exec "$@"',
      'sh',
    ];
    const { leader, pid, exit } = await begun('far', ...renamed);
    killSession(leader);
    await exit;
    const { exitCode, document } = await project.json(['deploy']);
    expect(exitCode, JSON.stringify(document)).to.equal(11);
    expect(document.error.message).to.contain(`is at work here (pid ${pid} on elsewhere, since `);
    const [, volume = ''] =
      / does not run on elsewhere any more: docker volume rm (\S+)$/.exec(document.error.hint) ?? [];
    expect(await locksOnEngine(project)).to.deep.equal([volume]);
    await project.docker(['volume', 'rm', volume]);
    // There its own lock is in the way as well, for whoever has the directory on this host.
    rmSync(join(second, '.rewind/lock'));
    expect((await through('far', 'recover')).exitCode).to.equal(0);
    expect(await project.answers()).to.equal('v1');
  });
});
