import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { TestProject } from './project.ts';
import { containerIds, journalOf, until, untilRuns, leftovers, worldOf } from './world.ts';

const SECRETS = ['s3cr3t-in-the-file', 's3cr3t-in-dotenv', 's3cr3t-in-env-file'];

describe('what deploy prints and keeps', () => {
  let project: TestProject;
  beforeEach(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow', bad: 'exits' });
    const environment = `    environment: {A: "${SECRETS[0]}", B: "\${B}"}\n    env_file: web.env\n`;
    project.write('compose.yml', project.webFile('v1') + environment);
    project.write('.env', `B=${SECRETS[1]}\n`);
    project.write('web.env', `C=${SECRETS[2]}\n`);
  });
  afterEach(() => project.remove());

  const to = (tag: string): string => `web=${project.repository}:${tag}`;

  it('--dry-run prints the plan and its way back, and changes nothing', async () => {
    const text = project.read('compose.yml');
    const plan = await project.rewind(['deploy', to('v2'), '--dry-run']);
    expect(plan.exitCode).to.equal(0);
    expect(plan.stdout).to.match(
      /edit compose\.yml[^]*docker compose up -d --wait web[^]*check that every container[^]*if one fails:[^]*put compose\.yml back/,
    );
    const { document } = await project.json(['deploy', to('v2'), '--dry-run']);
    expect(document).to.include({ dryRun: true, id: 'v1', kind: 'deploy' });
    expect(document.steps.map((step: { kind: string }) => step.kind)).to.deep.equal([
      'edit-file',
      'prove-model',
      'compose-up',
      'verify-images',
    ]);
    expect(document.undo.map((step: { kind: string }) => step.kind)).to.deep.equal([
      'unedit-file',
      'restore-services',
    ]);
    expect(project.read('compose.yml')).to.equal(text);
    expect(await project.containers()).to.deep.equal([]);
    expect(existsSync(project.path('.rewind'))).to.equal(false);
  });

  it('--progress: plain and json on stderr, quiet says nothing, stdout is the result alone', async () => {
    const quiet = await project.must(['deploy', '--progress', 'quiet']);
    expect(quiet.stderr).to.equal('');
    expect(quiet.stdout.trim().split('\n')).to.have.length(1);
    const plain = await project.must(['deploy', '--progress', 'plain']);
    expect(plain.stderr).to.match(/^\[1\/2\] docker compose up -d --wait web$/m);
    expect(plain.stdout).to.match(/^deployed v2: /);
    const events = await project.must(['deploy', '--progress', 'json', '--json']);
    const lines = events.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; kind?: string });
    expect(lines.filter((line) => line.event === 'started').map((line) => line.kind)).to.deep.equal([
      'compose-up',
      'verify-images',
    ]);
    expect(JSON.parse(events.stdout)).to.include({ id: 'v3', status: 'succeeded' });
    const tty = await project.must(['deploy', '--progress', 'tty']);
    expect(tty.stderr).to.contain('docker compose up -d --wait web');
    // One document also where it fails.
    const failed = await project.json(['deploy', to('bad'), '--progress', 'quiet']);
    expect(failed.exitCode).to.equal(1);
    expect(failed.document.error).to.include({ code: 'DEPLOYMENT_FAILED', exitCode: 1 });
  });

  it('tells no secret: not on its streams, nor in plan, history or journal', async () => {
    const said: string[] = [];
    for (const args of [
      ['deploy'],
      ['deploy', to('v2'), '--dry-run'],
      ['deploy', to('v2'), '--dry-run', '--json'],
      ['deploy', to('bad')],
      ['deploy', to('bad'), '--json', '--progress', 'json'],
      ['history', '--json'],
    ]) {
      const { stdout, stderr } = await project.rewind(args);
      said.push(stdout, stderr);
    }
    const deploying = project.rewind(['deploy', to('v2')]);
    await untilRuns(project, `${project.repository}:v2`);
    await until('the journal', () => journalOf(project) !== '');
    const [id] = leftovers(project).filter((name) => name !== 'lock');
    for (const name of readdirSync(project.path(`.rewind/journal/${id}`)))
      said.push(project.read(`.rewind/journal/${id}/${name}`));
    said.push(
      project.read('.rewind/lock'),
      (await deploying).stderr,
      readFileSync(project.path('.rewind/history.jsonl'), 'utf8'),
    );
    for (const secret of SECRETS) expect(said.join('\n')).to.not.contain(secret);
  });

  it('takes it back where the proof of the edit fails, because somebody changed another file meanwhile', async () => {
    await project.must(['deploy']);
    const before = await worldOf(project);
    const ids = await containerIds(project, 'web');
    project.write('app/Dockerfile', `FROM ${project.repository}:v1\nRUN sleep 2\n`);
    project.write('compose.override.yml', 'services:\n  web: {build: app}\n');
    const deploying = project.json(['deploy', '--build', '--tag', 'v9']);
    await until('the build', () => journalOf(project).includes('started'));
    project.write('compose.override.yml', 'services:\n  web: {build: app, hostname: other}\n');
    const { exitCode, document } = await deploying;
    expect(exitCode).to.equal(1);
    expect(document.error.details.join('\n')).to.match(/services\.web\.hostname/);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect((await project.history())[0]).to.include({ id: 'v2', status: 'failed' });
  });
});
