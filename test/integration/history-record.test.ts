import { hostname, userInfo } from 'node:os';
import { expect } from 'chai';
import { TestProject } from './project.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('what history, show and diff say of real deployments', () => {
  let project: TestProject;
  let commit: string;
  const image = (tag: string): string => `${project.repository}:${tag}`;
  const git = async (...args: string[]): Promise<string> => {
    const settings = [
      '-c',
      'user.name=Ana',
      '-c',
      'user.email=ana@example.com',
      '-c',
      'init.defaultBranch=main',
    ];
    const { execa } = await import('execa');
    return (await execa('git', [...settings, ...args], { cwd: project.directory })).stdout;
  };

  before(async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', bad: 'exits' });
    project.write('compose.yml', `${project.webFile('v1')}x-rewind: {environment: staging}\n`);
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-q', '-m', 'first');
    commit = await git('rev-parse', 'HEAD');
    await project.must(['deploy', '-m', 'the \u001B[31mfirst\u001B[0m one\u0007']);
    await project.must(['deploy', `web=${image('v2')}`]);
    expect((await project.rewind(['deploy', `web=${image('bad')}`])).exitCode).to.equal(1);
    await project.must(['rollback', '--yes', '--message', 'back']);
  });
  after(() => project.remove());

  it('prints every field, newest first', async () => {
    const { document } = await project.json(['history']);
    expect(document).to.include({ environment: 'staging', project: project.name });
    const ids = document.deployments.map(
      (entry: any) => `${entry.id} ${entry.kind} ${entry.status} ${entry.target}`,
    );
    expect(ids).to.deep.equal([
      'v4 rollback succeeded v1',
      'v3 deploy failed null',
      'v2 deploy succeeded null',
      'v1 deploy succeeded null',
    ]);
    const [back, failed] = document.deployments;
    expect(back).to.include({
      user: process.env['SUDO_USER'] ?? userInfo().username,
      host: hostname(),
      commit,
      message: 'back',
    });
    for (const entry of document.deployments) {
      expect(entry.startedAt).to.match(ISO);
      expect(entry.finishedAt).to.match(ISO);
      expect(Date.parse(entry.finishedAt)).to.be.greaterThan(Date.parse(entry.startedAt));
    }
    const imageId = await project.imageId(image('v1'));
    expect(back.services).to.deep.equal({
      web: { image: image('v1'), digest: null, imageId, previousImage: image('v2') },
    });
    expect(failed.services.web.previousImage).to.equal(image('v2'));
    expect(failed.error).to.match(/did not come up|went down/);
    expect((await project.json(['history', '--limit', '1'])).document.deployments).to.deep.equal([back]);
    expect((await project.json(['show', '4'])).document).to.deep.equal(back);
  });

  it('is for people too, on a pipe and with nobody else listening', async () => {
    const { stdout } = await project.must(['history']);
    expect(stdout.split('\n')[0]).to.match(/^ID +KIND +STATUS +AGE +WHO +IMAGES +MESSAGE$/);
    expect(stdout).to.match(/^v4 \* +rollback to v1 +succeeded +\d+s ago/m);
    expect(stdout).to.contain('the \\x1b[31mfirst\\x1b[0m one\\x07');
    expect(stdout).to.not.match(/[\u001B\u0007]/);
    const head = await project.rewind(['history']);
    expect(head.exitCode).to.equal(0);
    const { execa } = await import('execa');
    const { dockerConfig } = await import('../e2e/installed.ts');
    const env = { DOCKER_CONFIG: await dockerConfig() };
    const piped = await execa('sh', ['-c', 'docker rewind history | head -1'], {
      cwd: project.directory,
      env,
    });
    expect(piped.stdout).to.match(/^ID/);
    expect(piped.stderr).to.equal('');

    const terminal = await project.tty(['history'], { columns: 60 });
    expect(await terminal.exit()).to.equal(0);
    expect(
      Math.max(
        ...terminal.text
          .trimEnd()
          .split('\n')
          .map((line) => [...line].length),
      ),
    ).to.be.at.most(60);
  });

  it('shows one in full and what differs between two', async () => {
    const shown = await project.must(['show', 'v3']);
    expect(shown.stdout).to.match(/status +failed/);
    expect(shown.stdout).to.match(new RegExp(`commit +${commit}`));
    expect(shown.stdout).to.contain('(staging)');
    const { document } = await project.json(['diff', 'v1', 'v2']);
    expect(document).to.include({ before: 'v1', after: 'v2' });
    expect(document.services.web.before.image).to.equal(image('v1'));
    expect(document.services.web.after.image).to.equal(image('v2'));
    expect((await project.must(['diff', 'v1'])).stdout).to.match(/v1 and v4 ran the same images/);
    expect((await project.must(['diff', '2', 'v4'])).stdout).to.match(
      /^SERVICE +V2 +V4[^]*web +\S+:v2 +\S+:v1/,
    );
    for (const args of [
      ['show', 'v9'],
      ['diff', 'v1', 'v9'],
    ])
      expect((await project.json(args)).exitCode).to.equal(4);
    for (const args of [['show'], ['show', 'web'], ['diff']])
      expect((await project.json(args)).exitCode).to.equal(2);
  });
});
