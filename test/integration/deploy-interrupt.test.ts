import { expect } from 'chai';
import { dockerConfig, KEYS } from '../e2e/installed.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TestProject } from './project.ts';
import { journalOf, leftovers, until, untilRuns, worldOf } from './world.ts';

const CURSOR_SHOWN = '\u001B[?25h';

describe('interrupting a deploy', () => {
  let project: TestProject;
  beforeEach(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow' });
    await project.must(['deploy']);
  });
  afterEach(() => project.remove());

  async function expectPutBack(before: unknown): Promise<void> {
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await project.answers()).to.equal('v1');
    expect((await project.history()).map((entry) => [entry.id, entry.status])).to.deep.equal([
      ['v2', 'failed'],
      ['v1', 'succeeded'],
    ]);
    expect(leftovers(project)).to.deep.equal([]);
  }

  it('puts everything back after a Ctrl-C, says so, and leaves the terminal in order', async () => {
    const before = await worldOf(project);
    const session = await project.tty(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    expect(session.text).to.match(/interrupted\. Everything is back as it was; recorded as failed \(v2\)/);
    expect(session.raw.lastIndexOf(CURSOR_SHOWN)).to.be.greaterThan(session.raw.lastIndexOf('\u001B[?25l'));
    await expectPutBack(before);
  });

  it('puts everything back when docker is told to stop', async () => {
    const before = await worldOf(project);
    const child = spawn('docker', ['rewind', 'deploy', `web=${project.repository}:v2`], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const exit = once(child, 'exit');
    await untilRuns(project, `${project.repository}:v2`);
    child.kill('SIGTERM');
    expect((await exit)[0], stderr).to.equal(130);
    expect(stderr).to.match(/Everything is back as it was/);
    await expectPutBack(before);
  });

  it('puts everything back when the terminal is closed', async () => {
    const before = await worldOf(project);
    const session = await project.tty(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    session.hangUp();
    await until('the end', () => leftovers(project).length === 0);
    await expectPutBack(before);
  });

  it('goes on when nobody reads what it says any more', async () => {
    const child = spawn('docker', ['rewind', 'deploy', `web=${project.repository}:v2`], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exit = once(child, 'exit');
    await untilRuns(project, `${project.repository}:v2`);
    child.stdout.destroy();
    child.stderr.destroy();
    expect((await exit)[0]).to.equal(0);
    expect(await project.answers()).to.equal('v2');
    expect((await project.history())[0]).to.include({ id: 'v2', status: 'succeeded' });
  });

  it('leaves at once on the second Ctrl-C; recover then puts everything back', async () => {
    const before = await worldOf(project);
    const session = await project.tty(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    session.send(KEYS.ctrlC);
    await session.expect(/put compose\.yml back/);
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    expect(session.text).to.contain('→ docker rewind recover');
    expect(session.raw.lastIndexOf(CURSOR_SHOWN)).to.be.greaterThan(session.raw.lastIndexOf('\u001B[?25l'));
    expect(leftovers(project).filter((name) => name !== 'lock')).to.have.length(1);
    expect((await project.rewind(['deploy', 'web'])).exitCode).to.equal(5);
    const recovered = await project.json(['recover']);
    expect(recovered.exitCode).to.equal(0);
    expect(await worldOf(project)).to.deep.equal(before);
    expect((await project.history())[0]).to.include({ id: 'v2', status: 'interrupted' });
  });

  it('ends with 130 and changes nothing before the first change', async () => {
    project.write('app/Dockerfile', `FROM ${project.repository}:v1\nRUN sleep 60\n`);
    project.write('compose.yml', `${project.webFile('v1')}    build: app\n`);
    const before = await worldOf(project);
    const [container] = await project.containers();
    const session = await project.tty(['deploy', '--build', '--tag', 'b1']);
    await until('the build', () => journalOf(project).includes('started'));
    await session.expect('sleep 60');
    session.send(KEYS.ctrlC);
    expect(await session.exit(), session.text).to.equal(130);
    expect(session.text).to.match(/interrupted\. Nothing was changed/);
    expect(await worldOf(project)).to.deep.equal(before);
    expect((await project.containers())[0]?.id).to.equal(container?.id);
    expect(await project.history()).to.have.length(1);
    expect(leftovers(project)).to.deep.equal([]);
  });
});
