import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../e2e/installed.ts';
import { TestProject } from './project.ts';
import { killSession } from './session.ts';
import { startSession } from './start-session.ts';
import { journalOf, leftovers, locksOnEngine, until, untilRuns, whileItStands } from './world.ts';

describe('the lock of a project', () => {
  let project: TestProject;
  let second: string;
  beforeEach(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow' });
    await project.must(['deploy']);
    second = mkdtempSync(join(tmpdir(), `${project.name}-second-`));
    cpSync(project.path('compose.yml'), join(second, 'compose.yml'));
  });
  afterEach(async () => {
    rmSync(second, { recursive: true, force: true });
    await project.remove();
  });

  const slow = (): string[] => ['deploy', `web=${project.repository}:v2`];

  /** What the unit in docs/recover.md runs when the host boots, without `docker rewind`. */
  function bootCommand(): string[] {
    const text = readFileSync(join(ROOT, 'docs/recover.md'), 'utf8');
    const [, line] = /^ExecStart=\/usr\/bin\/docker rewind (.+)$/m.exec(text) ?? [];
    return (line ?? '').split(' ');
  }

  /** Starts the slow deploy in a session of its own, waits until it is in the middle, and kills it there. */
  async function cutOff(): Promise<void> {
    const { leader, exit } = await startSession(['docker', 'rewind', ...slow()], { cwd: project.directory });
    await untilRuns(project, `${project.repository}:v2`);
    killSession(leader);
    await exit;
  }

  it('keeps another checkout of the project out, which may wait, and leaves nothing on the engine', async () => {
    const first = project.json(slow());
    await until('the journal', () => journalOf(project) !== '');
    const waiting = await whileItStands(project, async () => {
      const refused = await project.json(['deploy'], { cwd: second });
      expect(refused.exitCode).to.equal(11);
      expect(refused.document.error.message).to.match(/"docker rewind deploy" of \S+ is at work here \(pid /);
      expect(refused.document.error.hint).to.contain('--lock-wait');
      const doctor = await project.json(['doctor'], { cwd: second });
      const finding = doctor.document.checks.find((check: any) => check.name === 'lock');
      expect(finding.message).to.contain(project.name).and.to.contain(project.directory);
      const session = await project.tty(
        ['deploy', `web=${project.repository}:v1`, '--no-backup', '--lock-wait', '120s'],
        { cwd: second },
      );
      await session.expect('waiting for "docker rewind deploy"');
      return session;
    });
    expect(await waiting.exit(), waiting.text).to.equal(0);
    expect(waiting.text.match(/waiting for "docker rewind deploy"/g)).to.have.length(1);
    expect((await first).exitCode).to.equal(0);
    expect(await project.answers()).to.equal('v1');
    expect(await locksOnEngine(project)).to.deep.equal([]);
  });

  it('goes to one after the other of several that come at the same time', async () => {
    const outcomes = await Promise.all(
      [project.directory, second].map((cwd) =>
        project.rewind(['deploy', `web=${project.repository}:v1`, '--lock-wait', '120s'], { cwd }),
      ),
    );
    expect(
      outcomes.map(({ exitCode }) => exitCode),
      outcomes.map(({ stderr }) => stderr).join('\n'),
    ).to.deep.equal([0, 0]);
    expect(await locksOnEngine(project)).to.deep.equal([]);
  });

  it('keeps set-image out of a directory where somebody is at work', async () => {
    const first = project.json(slow());
    await until('the journal', () => journalOf(project) !== '');
    const before = project.read('compose.yml');
    const refused = await whileItStands(project, () =>
      project.json(['set-image', `web=${project.repository}:v9`]),
    );
    expect(refused.exitCode).to.equal(11);
    expect((await first).exitCode).to.equal(0);
    expect(project.read('compose.yml')).to.satisfy((text: string) => text === before || text.includes(':v2'));
    expect(leftovers(project)).to.deep.equal([]);
  });

  it('of somebody who was killed names the directory where work is unfinished, until it is concluded there', async () => {
    await cutOff();
    expect(await locksOnEngine(project)).to.have.length(1);
    const elsewhere = await project.json(['deploy'], { cwd: second });
    expect(elsewhere.exitCode).to.equal(5);
    expect(elsewhere.document.error.message).to.contain(project.directory);
    expect(elsewhere.document.error.hint).to.equal(`cd ${project.directory} && docker rewind recover`);
    expect((await project.rewind(['deploy'])).exitCode).to.equal(5);
    expect((await project.rewind(['set-image', `web=${project.repository}:v1`])).exitCode).to.equal(5);
    expect(await locksOnEngine(project)).to.have.length(1);

    const boot = await project.must(bootCommand());
    expect(boot.stdout).to.contain('deploy v2: taken back');
    expect(await locksOnEngine(project)).to.deep.equal([]);
    expect((await project.rewind(['deploy'], { cwd: second })).exitCode).to.equal(0);
  });

  it('is offered on a terminal to be concluded first, and then the command goes on', async () => {
    await cutOff();
    const session = await project.tty(['deploy', `web=${project.repository}:v1`]);
    await session.expect('an earlier deploy v2 was cut off; it can be taken back');
    await session.expect('Do that first, then go on?');
    session.send('y\r');
    expect(await session.exit(), session.text).to.equal(0);
    expect((await project.history()).map(({ id, status }) => [id, status])).to.deep.equal([
      ['v3', 'succeeded'],
      ['v2', 'interrupted'],
      ['v1', 'succeeded'],
    ]);
    expect(leftovers(project)).to.deep.equal([]);
    expect(await locksOnEngine(project)).to.deep.equal([]);
  });

  it('is given back by a command that is told to stop while it asks', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const session = await project.tty(['rollback', 'v1', '--config']);
      await session.expect('Go on?');
      process.kill(Number(JSON.parse(project.read('.rewind/lock')).pid), signal);
      expect(await session.exit(), session.text).to.equal(signal === 'SIGINT' ? 130 : 143);
      expect(leftovers(project)).to.deep.equal([]);
      expect(await locksOnEngine(project)).to.deep.equal([]);
      expect(session.raw.lastIndexOf('\u001B[?25h')).to.be.at.least(session.raw.lastIndexOf('\u001B[?25l'));
    }
  });
});
