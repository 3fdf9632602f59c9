import { expect } from 'chai';
import { chmodSync, chownSync, rmSync, symlinkSync } from 'node:fs';
import { TestProject } from './project.ts';
import { leftovers, untilRuns, worldOf } from './world.ts';

const ways: readonly {
  name: string;
  mode: 'unhealthy' | 'exits';
  more: string;
  says: RegExp;
  logged: RegExp;
}[] = [
  {
    name: 'never gets healthy',
    mode: 'unhealthy',
    more: '',
    says: /did not come up/,
    logged:
      /\(unhealthy\), last log lines:\n.*app .* \(unhealthy\) starting\n.*, last health check \(exit code 1\):\n.*the app says: column reviews\.stars does not exist\n/,
  },
  {
    name: 'exits at once',
    mode: 'exits',
    more: '',
    says: /did not come up/,
    logged: /exited with code 3\), last log lines:[^]*DATABASE_URL is missing/,
  },
  {
    name: 'crashes and is started again for ever, without a health check',
    mode: 'exits',
    more: '    restart: always\n    healthcheck: {disable: true}\n',
    says: /went down again|did not come up/,
    logged: /last log lines:[^]*DATABASE_URL is missing/,
  },
];

describe('a deploy that fails', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  for (const { name, mode, more, says, logged } of ways) {
    it(`is taken back where the new version ${name}`, async () => {
      project = await TestProject.web({ v1: 'ok', v2: mode });
      project.write('compose.yml', project.webFile('v1') + more);
      chmodSync(project.path('compose.yml'), 0o640);
      if (process.getuid?.() === 0) chownSync(project.path('compose.yml'), 1234, 2345);
      await project.must(['deploy']);
      const before = await worldOf(project);
      const outcome = await project.rewind(['deploy', `web=${project.repository}:v2`]);
      expect(outcome.exitCode, outcome.stderr).to.equal(1);
      expect(outcome.stdout).to.equal('');
      expect(outcome.stderr)
        .to.match(says)
        .and.match(logged)
        .and.match(/Everything is back as it was; recorded as failed \(v2\)/);
      expect(await worldOf(project)).to.deep.equal(before);
      expect(await project.answers()).to.equal('v1');
      const [failed] = await project.history();
      expect(failed).to.include({ id: 'v2', status: 'failed' });
      expect(failed.services.web.image).to.equal(`${project.repository}:v2`);
      expect(leftovers(project)).to.deep.equal([]);
    });
  }

  it('is taken back where something else runs in the end than was deployed', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow', v9: 'ok' });
    await project.must(['deploy']);
    const before = await worldOf(project);
    const deploying = project.json(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    await project.docker(['tag', `${project.repository}:v9`, `${project.repository}:v2`]);
    const { exitCode, document } = await deploying;
    expect(exitCode).to.equal(1);
    expect(document.error.message).to.match(/runs sha256:.* not sha256:.*Everything is back as it was/);
    expect(await worldOf(project)).to.deep.equal(before);
  });

  it('is taken back where its success cannot be recorded, and says that the failure cannot either', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow' });
    await project.must(['deploy']);
    const before = await worldOf(project);
    const history = project.read('.rewind/history.jsonl');
    const deploying = project.json(['deploy', `web=${project.repository}:v2`]);
    await untilRuns(project, `${project.repository}:v2`);
    // From now on the disk of this file is full.
    rmSync(project.path('.rewind/history.jsonl'));
    symlinkSync('/dev/full', project.path('.rewind/history.jsonl'));
    const { exitCode, document } = await deploying;
    expect(exitCode).to.equal(1);
    expect(document.error.message).to.match(
      /disk is full\. Everything is back as it was; not recorded: .*disk is full/,
    );
    expect(await worldOf(project)).to.deep.equal(before);
    rmSync(project.path('.rewind/history.jsonl'));
    project.write('.rewind/history.jsonl', history);
    expect(leftovers(project)).to.deep.equal([]);
    expect((await project.json(['status'])).exitCode).to.equal(0);
  });

  it('leaves nothing behind where it was the first one', async () => {
    project = await TestProject.web({ v1: 'unhealthy' });
    const { exitCode } = await project.json(['deploy']);
    expect(exitCode).to.equal(1);
    expect(await project.containers()).to.deep.equal([]);
    expect((await project.history()).map((entry) => [entry.id, entry.status])).to.deep.equal([
      ['v1', 'failed'],
    ]);
  });
});
