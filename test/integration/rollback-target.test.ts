import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds, worldOf } from './world.ts';

describe('the target of a rollback', () => {
  let project: TestProject;
  before(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', bad: 'exits', v4: 'ok' });
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    expect((await project.rewind(['deploy', `web=${project.repository}:bad`])).exitCode).to.equal(1);
    await project.must(['deploy', `web=${project.repository}:v4`]);
  });
  after(() => project.remove());

  const refusals: [string, string[], number, RegExp, RegExp][] = [
    ['one that failed', ['v3', '--yes'], 4, /v3 failed/, /v2, v1.*rollback v2$/],
    ['one that is not there', ['v99', '--yes'], 4, /no deployment v99: there are v1 to v4/, /history/],
    ['the one that runs', ['v4', '--yes'], 4, /v4 is what runs already/, /v2, v1/],
    ['the one that runs, by number', ['4', '--yes'], 4, /v4 is what runs already/, /v2, v1/],
    ['more steps than there are', ['--steps', '3', '--yes'], 4, /only 2 deployments/, /v2, v1/],
    ['a word', ['help', '--yes'], 2, /"help" does not name a deployment/, /v1, v2/],
    ['a version of the app', ['1.2.3', '--yes'], 2, /"1.2.3" does not name a deployment/, /v1, v2/],
    ['a target and steps', ['v1', '--steps', '1', '--yes'], 2, /steps/, /./],
    ['no steps', ['--steps', '0', '--yes'], 2, /steps/, /./],
    ['an unknown service', ['--service', 'wbe', '--yes'], 2, /no service "wbe"/, /Did you mean web/],
    ['nobody to ask', ['v2'], 2, /no terminal/, /--yes/],
  ];
  for (const [what, args, exitCode, message, hint] of refusals) {
    it(`refuses ${what}, and touches nothing`, async () => {
      const [world, ids] = [await worldOf(project), await containerIds(project, 'web')];
      const outcome = await project.json(['rollback', ...args]);
      expect(outcome.exitCode).to.equal(exitCode);
      expect(outcome.document.error.message).to.match(message);
      expect(outcome.document.error.hint).to.match(hint);
      expect(outcome.document.error.exitCode).to.equal(exitCode);
      expect(await worldOf(project)).to.deep.equal(world);
      expect(await containerIds(project, 'web')).to.deep.equal(ids);
      expect(await project.history()).to.have.length(4);
    });
  }

  it('shows help for --help and takes it for no version', async () => {
    for (const args of [
      ['rollback', '--help'],
      ['rollback', '-h'],
      ['help', 'rollback'],
      ['rollback', 'v1', '--help'],
    ]) {
      const outcome = await project.must(args);
      expect(outcome.stdout).to.match(/--steps/);
    }
    expect(await project.history()).to.have.length(4);
  });

  it('goes by number, by steps, and to where a plan only said it would', async () => {
    const plan = await project.json(['rollback', '--steps', '2', '--dry-run']);
    expect(plan.document).to.include({ dryRun: true, target: 'v1' });
    expect(await project.answers()).to.equal('v4');

    expect((await project.json(['rollback', '--steps', '2', '--yes'])).document).to.include({
      id: 'v5',
      target: 'v1',
    });
    expect(await project.answers()).to.equal('v1');
    expect((await project.json(['rollback', '4', '--yes', '-m', 'forward'])).document).to.include({
      id: 'v6',
      target: 'v4',
      message: 'forward',
    });
    expect(await project.answers()).to.equal('v4');
    expect((await project.json(['rollback', 'V2', '--yes'])).document).to.include({ target: 'v2' });
    expect(await project.answers()).to.equal('v2');
  });
});

describe('a rollback where nothing was deployed', () => {
  it('is refused, says what to do, and leaves no state directory behind', async () => {
    const project = new TestProject();
    try {
      project.write('compose.yml', project.webFile('v1'));
      const outcome = await project.json(['rollback', '--yes']);
      expect(outcome.exitCode).to.equal(4);
      expect(outcome.document.error.message).to.match(/nothing was deployed here yet/);
      expect(outcome.document.error.hint).to.match(/docker rewind deploy/);
      expect(existsSync(project.path('.rewind'))).to.equal(false);
    } finally {
      await project.remove();
    }
  });
});
