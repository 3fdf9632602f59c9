import { expect } from 'chai';
import { TestProject } from './project.ts';

describe('deploy', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('deploys what the file says, then another image, and records who, what and when', async () => {
    project = await TestProject.web();
    const first = await project.json(['deploy', '--message', 'the first']);
    expect(first.exitCode).to.equal(0);
    expect(first.document).to.include({
      id: 'v1',
      kind: 'deploy',
      status: 'succeeded',
      message: 'the first',
      target: null,
    });
    expect(await project.answers()).to.equal('v1');

    const before = project.read('compose.yml');
    const second = await project.json(['deploy', `web=${project.repository}:v2`]);
    expect(second.exitCode).to.equal(0);
    expect(second.document.services.web).to.deep.equal({
      image: `${project.repository}:v2`,
      digest: null,
      imageId: await project.imageId(`${project.repository}:v2`),
      previousImage: `${project.repository}:v1`,
    });
    expect(project.read('compose.yml')).to.equal(before.replace(':v1 ', ':v2 '));
    expect(await project.answers()).to.equal('v2');
    const [container] = await project.containers();
    expect(container).to.include({
      status: 'running',
      health: 'healthy',
      imageId: second.document.services.web.imageId,
    });
    expect((await project.history()).map((entry) => entry.id)).to.deep.equal(['v2', 'v1']);
  });

  it('takes a version back that never gets healthy, and says what it logged', async () => {
    project = await TestProject.web({ v1: 'ok', v3: 'unhealthy' });
    await project.must(['deploy']);
    const before = project.read('compose.yml');
    const outcome = await project.rewind(['deploy', `web=${project.repository}:v3`]);
    expect(outcome.exitCode).to.equal(1);
    expect(outcome.stderr).to.match(/last log lines/);
    expect(outcome.stderr).to.match(/Everything is back as it was/);
    expect(project.read('compose.yml')).to.equal(before);
    expect(await project.answers()).to.equal('v1');
    const [container] = await project.containers();
    expect(container).to.include({ status: 'running', health: 'healthy', image: `${project.repository}:v1` });
    const history = await project.history();
    expect(history[0]).to.include({ id: 'v2', status: 'failed' });
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
  });

  it('takes no offence at a container that the engine had to restart some time ago', async () => {
    project = await TestProject.web({ v1: 'ok' });
    project.write(
      'compose.yml',
      project.webFile('v1').replace('stop_grace', 'restart: always\n    stop_grace'),
    );
    await project.must(['deploy']);
    const [container] = await project.containers();
    await project.docker(['exec', container!.id, 'kill', '1']);
    const restarted = async (): Promise<string> =>
      (
        await project.docker(['inspect', '-f', '{{.RestartCount}} {{.State.Health.Status}}', container!.id])
      ).stdout.trim();
    while ((await restarted()) !== '1 healthy') await new Promise((resolve) => setTimeout(resolve, 50));
    await project.must(['deploy']);
    expect((await project.containers())[0]).to.include({ id: container!.id, status: 'running' });
  });

  it('takes a version back that exits, on the very first deployment too', async () => {
    project = await TestProject.web({ v1: 'exits' });
    const outcome = await project.rewind(['deploy']);
    expect(outcome.exitCode).to.equal(1);
    expect(await project.containers()).to.deep.equal([]);
    expect((await project.history())[0]).to.include({ id: 'v1', status: 'failed' });
  });
});

describe('rollback', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('goes to the last deployment that succeeded, never to a failed one, and further back each time', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', v3: 'exits', v4: 'ok' });
    const original = project.read('compose.yml');
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    expect((await project.rewind(['deploy', `web=${project.repository}:v3`])).exitCode).to.equal(1);
    await project.must(['deploy', `web=${project.repository}:v4`]);

    const back = await project.json(['rollback', '--yes']);
    expect(back.exitCode).to.equal(0);
    expect(back.document).to.include({ id: 'v5', kind: 'rollback', target: 'v2', status: 'succeeded' });
    expect(await project.answers()).to.equal('v2');

    expect((await project.json(['rollback', '--yes'])).document).to.include({ id: 'v6', target: 'v1' });
    expect(await project.answers()).to.equal('v1');
    expect(project.read('compose.yml')).to.equal(original);

    const refused = await project.json(['rollback', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.hint).to.match(/v4/);
  });
});
