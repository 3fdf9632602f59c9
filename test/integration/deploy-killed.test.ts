import { expect } from 'chai';
import { TestProject } from './project.ts';
import { killSession } from './session.ts';
import { startSession } from './start-session.ts';
import { journalOf, leftovers, until, untilRuns, worldOf } from './world.ts';

describe('a deploy that is killed', () => {
  let project: TestProject;
  beforeEach(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow', v3: 'ignores-term' });
    await project.must(['deploy']);
  });
  afterEach(() => project.remove());

  /** Starts a command in a session of its own and kills all processes of it at the given moment, as a crash would. */
  async function killed(args: readonly string[], moment: () => Promise<void>): Promise<void> {
    const { leader, exit } = await startSession(['docker', 'rewind', ...args], { cwd: project.directory });
    await moment();
    killSession(leader);
    await exit;
  }

  it('blocks the next one with exit 5 until recover put everything back, once and for all', async () => {
    const before = await worldOf(project);
    await killed(['deploy', `web=${project.repository}:v2`], () =>
      untilRuns(project, `${project.repository}:v2`),
    );
    expect(project.read('compose.yml')).to.contain(':v2 ');

    const next = await project.json(['deploy']);
    expect(next.exitCode).to.equal(5);
    expect(next.document.error.message).to.match(/an earlier deploy \(v2\) was cut off/);
    expect(next.document.error.hint).to.match(/docker rewind recover/);
    const preview = await project.json(['recover', '--dry-run']);
    expect(preview.document.recovered).to.have.length(1);
    expect(project.read('compose.yml')).to.contain(':v2 ');

    const recovered = await project.json(['recover']);
    expect(recovered.exitCode).to.equal(0);
    expect(recovered.document.recovered[0]).to.include({
      command: 'deploy',
      deployment: 'v2',
      outcome: 'undone',
    });
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await project.answers()).to.equal('v1');
    expect((await project.history())[0]).to.include({ id: 'v2', status: 'interrupted' });
    expect(leftovers(project)).to.deep.equal([]);

    expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    expect(await project.history()).to.have.length(2);
    expect((await project.rewind(['deploy', `web=${project.repository}:v2`])).exitCode).to.equal(0);
  });

  // The old container ignores SIGTERM, so both are there for the whole grace period.
  const replacing = (): Promise<void> =>
    until('a second container', async () => (await project.containers()).length === 2);

  async function expectRecovered(before: unknown): Promise<void> {
    const recovered = await project.json(['recover']);
    expect(recovered.exitCode, JSON.stringify(recovered.document)).to.equal(0);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await project.answers()).to.equal('v3');
    expect((await project.history())[0]).to.include({ id: 'v3', status: 'interrupted' });
    expect(await project.containers()).to.have.length(1);
    expect(leftovers(project)).to.deep.equal([]);
  }

  it('is recovered from the middle of replacing a container, also where recover itself was killed', async () => {
    await project.must(['deploy', `web=${project.repository}:v3`]);
    const before = await worldOf(project);
    await killed(['deploy', `web=${project.repository}:v1`], replacing);
    const lines = journalOf(project).length;
    await killed(['recover'], () => until('the way back', () => journalOf(project).length > lines));
    await expectRecovered(before);
  });

  it('is recovered where the old container is gone and the new one has not got its name yet', async () => {
    await project.must(['deploy', `web=${project.repository}:v3`]);
    const before = await worldOf(project);
    await killed(['deploy', `web=${project.repository}:v1`], replacing);
    await project.docker(['rm', '-f', `${project.name}-web-1`]);
    await expectRecovered(before);
  });
});
