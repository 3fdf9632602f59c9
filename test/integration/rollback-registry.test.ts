import { expect } from 'chai';
import { TestProject } from './project.ts';
import { TestRegistry } from './registry.ts';
import { containerIds, worldOf } from './world.ts';

describe('a rollback and a registry', () => {
  let registry: TestRegistry;
  let project: TestProject;
  /** In the registry. */
  let repository: string;
  before(async () => (registry = await TestRegistry.start()));
  after(() => registry.remove());
  beforeEach(() => {
    project = new TestProject();
    repository = `${registry.host}/${project.name}`;
    project.write('compose.yml', project.webFile('v1').replaceAll(project.repository, repository));
  });
  afterEach(async () => {
    await project.remove();
    // Those that were pulled by digest have no tag to be removed by.
    const { stdout } = await project.docker(['image', 'ls', '--quiet', '--digests', repository], {
      cwd: '/',
    });
    for (const id of new Set(stdout.split('\n').filter((line) => line !== '')))
      await project.docker(['image', 'rm', '-f', id], { cwd: '/' });
  });

  /** Makes an image, pushes it, and leaves nothing of it on this host. */
  async function publish(tag: string, content: string): Promise<void> {
    const reference = await project.image(`${repository}:${tag}`, 'ok', content);
    const pushed = await project.docker(['push', '-q', reference]);
    if (pushed.exitCode !== 0) throw new Error(pushed.stderr);
    await forget(tag);
  }
  const forget = (tag: string) => project.docker(['image', 'rm', '-f', `${repository}:${tag}`]);

  it('pulls the recorded digest where the tag was moved there and the image is gone here', async () => {
    await Promise.all([publish('v1', 'one'), publish('v2', 'two')]);
    await project.must(['deploy']);
    const [first] = await project.history();
    const { digest, imageId } = first.services.web;
    expect(digest).to.equal(await registry.digest(project.name, 'v1'));
    await project.must(['deploy', `web=${repository}:v2`]);
    await forget('v1');
    expect(await project.imageId(imageId)).to.equal('');
    await publish('v1', 'moved');

    const outcome = await project.must(['rollback', '--yes']);
    expect(outcome.stderr).to.match(/v1 is not on this host any more; the recorded digest is pulled/);
    expect(await project.answers()).to.equal('one');
    expect((await project.containers())[0]).to.include({ imageId });
    expect(project.read('compose.yml')).to.contain(`image: ${repository}:v1@${digest}   # the tag`);
    expect((await project.history())[0].services.web).to.include({ digest, imageId });
    expect((await project.rewind(['status'])).exitCode).to.equal(0);

    // From the digest to a tag again.
    await project.must(['rollback', 'v2', '--yes']);
    expect(await project.answers()).to.equal('two');
  });

  it('is refused where the image is gone from both, before anything is touched', async () => {
    await Promise.all([publish('v1', 'one'), publish('v2', 'two'), publish('v3', 'three')]);
    await project.must(['deploy']);
    for (const tag of ['v2', 'v3']) await project.must(['deploy', `web=${repository}:${tag}`]);
    await registry.forget(project.name, 'v2');
    await forget('v2');
    const [world, ids] = [await worldOf(project), await containerIds(project, 'web')];

    const refused = await project.json(['rollback', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/^v2 cannot run again: .*cannot be pulled/);
    expect(refused.document.error.hint).to.match(/docker rewind rollback v1$/);
    expect(await worldOf(project)).to.deep.equal(world);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect(await project.history()).to.have.length(3);

    await project.must(['rollback', 'v1', '--yes']);
    expect(await project.answers()).to.equal('one');
  });

  it('goes back by digest to what was deployed with --allow-mutable', async () => {
    await publish('latest', 'monday');
    project.write('compose.yml', project.read('compose.yml').replace(':v1', ':latest'));
    await project.must(['deploy', '--allow-mutable']);
    const digest = await registry.digest(project.name, 'latest');
    await publish('latest', 'tuesday');
    await project.must(['deploy', '--allow-mutable']);
    expect(await project.answers()).to.equal('tuesday');

    await project.must(['rollback', '--yes']);
    expect(await project.answers()).to.equal('monday');
    expect(project.read('compose.yml')).to.contain(`image: ${repository}:latest@${digest} `);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
  });

  it('brings files back whose image has to be pulled', async () => {
    await Promise.all([publish('v1', 'one'), publish('v2', 'two')]);
    const original = project.read('compose.yml');
    await project.must(['deploy']);
    await project.must(['deploy', `web=${repository}:v2`]);
    await forget('v1');
    await project.must(['rollback', '--config', '--yes']);
    expect(await project.answers()).to.equal('one');
    expect(project.read('compose.yml')).to.equal(original);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
  });
});
