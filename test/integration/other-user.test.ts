import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TtySession } from '../e2e/installed.ts';
import { otherUser, type OtherUser } from './other-user.ts';
import { TestProject } from './project.ts';
import { killSession } from './session.ts';
import { startSession } from './start-session.ts';
import { leftovers, locksOnEngine, untilRuns } from './world.ts';

const ME = process.env['SUDO_USER'] ?? userInfo().username;

describe('the locks of a project, between two users', () => {
  let project: TestProject;
  let other: OtherUser;
  let second: string;
  const sessions: TtySession[] = [];
  before(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow' });
    other = await otherUser();
    second = mkdtempSync(join(tmpdir(), `${project.name}-second-`));
    cpSync(project.path('compose.yml'), join(second, 'compose.yml'));
    other.give(project.directory, project.path('compose.yml'), second, join(second, 'compose.yml'));
    for (const directory of [project.directory, second]) chmodSync(directory, 0o755);
    await project.must(['deploy'], other.settings);
  });
  afterEach(async () => {
    sessions.splice(0).forEach((session) => session.kill());
    expect(leftovers(project)).to.deep.equal([]);
    expect(await locksOnEngine(project)).to.deep.equal([]);
  });
  after(async () => {
    rmSync(second, { recursive: true, force: true });
    await project.remove();
  });

  /** A command that holds both locks and has begun nothing: it asks. */
  async function holds(
    settings: Partial<OtherUser['settings']> = {},
  ): Promise<{ session: TtySession; pid: number }> {
    const session = await project.tty(['rollback', 'v1', '--config'], settings);
    sessions.push(session);
    await session.expect('Go on?');
    return { session, pid: JSON.parse(project.read('.rewind/lock')).pid };
  }

  /** Neither the directory nor the project is to be had, and it is said who has it. */
  async function refuses(settings: Partial<OtherUser['settings']>, user: string, pid: number): Promise<void> {
    const { since } = JSON.parse(project.read('.rewind/lock'));
    for (const args of [['deploy'], ['deploy', '--lock-wait', '1s']]) {
      for (const cwd of [project.directory, second]) {
        const { exitCode, document } = await project.json(args, { ...settings, cwd });
        expect(exitCode, JSON.stringify(document)).to.equal(11);
        expect(document.error.message.replace(/since \S+Z\)/, 'since …)')).to.equal(
          `"docker rewind rollback" of ${user} is at work here (pid ${pid} on ${hostname()}, since …)`,
        );
        if (cwd === project.directory) expect(document.error.message).to.contain(`since ${since})`);
      }
    }
    const { document } = await project.json(['doctor'], settings);
    const finding = document.checks.find((check: any) => check.name === 'lock');
    expect(finding.message).to.contain(`of ${user} (pid ${pid} on ${hostname()}`);
  }

  it('keep the owner of a directory out while root is at work in it, and name root’s command', async () => {
    const { session, pid } = await holds();
    await refuses(other.settings, ME, pid);
    // Nobody else may read any of it meanwhile.
    for (const name of ['', ...readdirSync(project.path('.rewind'), { recursive: true, encoding: 'utf8' })])
      expect(statSync(project.path(`.rewind/${name}`)).mode & 0o77, name).to.equal(0);
    session.send('n\r');
    await session.exit();
    await project.must(['deploy'], other.settings);
  });

  it('keep root out while somebody else is at work, and name their command', async () => {
    const { session, pid } = await holds(other.settings);
    await refuses({}, other.name, pid);
    session.send('n\r');
    await session.exit();
    await project.must(['deploy']);
  });

  it('are taken over from somebody who was killed, by either of them', async () => {
    for (const [holder, next] of [
      [{}, other.settings],
      [other.settings, {}],
    ]) {
      const { session, pid } = await holds(holder);
      process.kill(pid, 'SIGKILL');
      await session.exit();
      expect(leftovers(project)).to.deep.equal(['lock']);
      await project.must(['deploy'], next);
      expect(leftovers(project)).to.deep.equal([]);
    }
  });

  it('of root’s very first command in a project are seen by its owner; what that leaves, root concludes', async () => {
    rmSync(project.path('.rewind'), { recursive: true });
    const deploy = ['docker', 'rewind', 'deploy', `web=${project.repository}:v2`];
    const { leader, exit } = await startSession(deploy, { cwd: project.directory });
    await untilRuns(project, `${project.repository}:v2`);
    const refused = await project.json(['deploy'], other.settings);
    expect([refused.exitCode, refused.document.error.code]).to.deep.equal([11, 'LOCKED']);
    expect(refused.document.error.message).to.contain(`"docker rewind deploy" of ${ME} is at work here`);
    killSession(leader);
    await exit;
    for (const command of ['deploy', 'recover']) {
      const { exitCode, document } = await project.json([command], other.settings);
      expect(exitCode, JSON.stringify(document)).to.equal(
        other.settings.as === undefined && command === 'recover' ? 0 : 5,
      );
      if (other.settings.as !== undefined)
        expect(document.error.hint).to.match(
          /journal\S* belongs to root: run as root: docker rewind recover$/,
        );
    }
    await project.must(['recover']);
    expect(await project.answers()).to.equal('v1');
    await project.must(['deploy'], other.settings);
  });

  it('do not matter to a third user, who is told whose the directory is', async () => {
    const third = await otherUser('daemon');
    const { exitCode, document } = await project.json(['deploy'], third.settings);
    if (third.settings.as === undefined) return expect(exitCode).to.equal(0);
    expect([exitCode, document.error.code]).to.deep.equal([1, 'CANNOT_WRITE']);
    expect(document.error.hint).to.equal(
      `${project.path('.rewind')} belongs to ${other.name}: run as ${other.name}`,
    );
  });
});
