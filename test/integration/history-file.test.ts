import { appendFileSync } from 'node:fs';
import { expect } from 'chai';
import { record } from '../unit/deployments/records.ts';
import { SHIM, run } from '../e2e/installed.ts';
import { TestProject } from './project.ts';

describe('history.jsonl as people and git leave it', () => {
  let project: TestProject;
  const FILE = '.rewind/history.jsonl';
  const line = (number: number, more: object = {}): string =>
    `${JSON.stringify({ ...record(number, `${project.repository}:v${number}`), project: project.name, ...more })}\n`;
  const ids = (document: any): string[] => document.deployments.map((entry: any) => entry.id);
  beforeEach(() => {
    project = new TestProject();
    project.write('compose.yml', project.webFile('v1'));
  });
  afterEach(() => project.remove());

  it('works without an engine, and without docker', async () => {
    project.write(FILE, line(1) + line(2));
    const noEngine = await project.json(['history'], { env: { DOCKER_HOST: 'unix:///nonexistent' } });
    expect(ids(noEngine.document)).to.deep.equal(['v2', 'v1']);
    const env = { PATH: '/nonexistent', DOCKER_REWIND_NODE: process.execPath };
    for (const more of ['', 'x-rewind: {environment: default}\n']) {
      project.write('compose.yml', project.webFile('v1') + more);
      for (const verb of [['history'], ['show', 'v1'], ['diff', 'v1', 'v2']]) {
        const outcome = await run('/bin/sh', [SHIM, ...verb], { cwd: project.directory, env });
        expect(outcome.exitCode, `${verb.join(' ')}: ${outcome.stderr}`).to.equal(0);
        expect(outcome.stdout).to.contain(`${project.repository}:v1`);
      }
    }
  });

  it('keeps both sides of a merge conflict, and asks which where both have a number', async () => {
    const sides = [
      '<<<<<<< HEAD\n',
      line(2, { uid: 'aaaa11' }),
      '=======\n',
      line(2, { uid: 'bbbb22' }),
      '>>>>>>> other\n',
    ];
    project.write(FILE, line(1) + sides.join(''));
    const { document } = await project.json(['history']);
    expect(ids(document)).to.deep.equal(['v2', 'v2', 'v1']);
    expect(document.problems).to.deep.equal([]);
    expect((await project.must(['history', '--limit', '1'])).stdout).to.match(/v2\.bbbb \*/);
    expect((await project.json(['show', 'v2'])).document.error.hint).to.match(/v2\.aaaa .* or v2\.bbbb/);
    expect((await project.json(['show', 'v2.bbbb'])).document.uid).to.equal('bbbb22');
    expect((await project.json(['diff', 'v1'])).exitCode).to.equal(0);
  });

  it('reports what cannot be read with its number, and a deploy leaves it as it is', async () => {
    const odd = [
      '{"schema":1,"id":"v7"',
      line(3, { message: 5 }).trim(),
      line(4, { schema: 99, changed: 'x', services: [1] }).trim(),
    ];
    const text = `${line(1)}${odd.join('\n')}\nnot json\n${line(2)}{"schema":1,"uid":"to`;
    project.write(FILE, text);
    const { document } = await project.json(['history']);
    expect(ids(document)).to.deep.equal(['v4', 'v2', 'v1']);
    expect(document.deployments[0].newer).to.equal(true);
    expect(document.problems.map((problem: any) => problem.line)).to.deep.equal([2, 3, 5, 7]);
    const shown = await project.must(['history']);
    expect(shown.stdout).to.match(/^v4 .*by a newer docker rewind/m);
    expect(shown.stderr).to.match(/history.jsonl, line 2: .*left as it is/);
    const refused = await project.json(['rollback', 'v4', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/v4 was recorded by a newer docker rewind/);

    await project.image('v1');
    await project.must(['deploy']);
    const after = project.read(FILE);
    expect(after.startsWith(`${text}\n`)).to.equal(true);
    expect(JSON.parse(after.slice(text.length + 1))).to.include({ id: 'v5' });
  });

  it('shows control characters harmlessly, wherever they are', async () => {
    const evil = '\u001B[2J\u009B1m\u202E\r\nx';
    project.write(
      FILE,
      line(1, {
        message: evil,
        user: evil,
        host: evil,
        target: evil,
        kind: 'rollback',
        error: evil,
        commit: evil,
        status: 'failed',
      }),
    );
    for (const args of [['history'], ['show', 'v1']]) {
      const { stdout, stderr } = await project.must(args);
      expect(stdout + stderr).to.not.match(/[\u001B\u009B\u202E\r]/);
      expect(stdout).to.contain('\\x1b[2J');
    }
  });

  it('keeps projects and environments apart', async () => {
    project.write(
      FILE,
      line(1) + line(1, { uid: 'p', project: 'other' }) + line(2, { uid: 'e', environment: 'staging' }),
    );
    expect(ids((await project.json(['history'])).document)).to.deep.equal(['v1']);
    expect((await project.json(['history', '-p', 'other'])).document).to.include({ project: 'other' });
    project.write('compose.yml', `${project.webFile('v1')}x-rewind: {environment: staging}\n`);
    expect(ids((await project.json(['history'])).document)).to.deep.equal(['v2']);
    // A project that was given another name since has another history.
    project.write(FILE, line(1));
    project.write('compose.yml', project.webFile('v1').replace(/^name: .*/, 'name: renamed'));
    expect((await project.json(['history'])).document).to.deep.include({
      project: 'renamed',
      deployments: [],
    });
  });

  it('is never seen torn while deployments are recorded', async () => {
    const long = 'm'.repeat(6000);
    project.write(FILE, line(1, { message: long }));
    let writing = true;
    const writer = (async () => {
      for (let number = 2; number <= 50; number++) {
        const text = line(number, { message: long });
        // As a slow disk would: in two pieces.
        appendFileSync(project.path(FILE), text.slice(0, 4096));
        await new Promise((resolve) => setTimeout(resolve, 1));
        appendFileSync(project.path(FILE), text.slice(4096));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      writing = false;
    })();
    while (writing) expect((await project.json(['history', '-n', '1'])).document.problems).to.deep.equal([]);
    await writer;
  });
});
