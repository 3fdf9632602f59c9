import { expect } from 'chai';
import { docker } from '../e2e/installed.ts';
import { TestProject } from './project.ts';
import { TestRegistry } from './registry.ts';
import { containerIds, leftovers, worldOf } from './world.ts';

describe('deploying with a registry', () => {
  let registry: TestRegistry;
  let project: TestProject;
  /** With the registry's host. */
  let repository: string;
  before(async () => (registry = await TestRegistry.start()));
  after(() => registry.remove());
  beforeEach(() => {
    project = new TestProject();
    repository = `${registry.host}/${project.name}`;
  });
  afterEach(async () => {
    await project.remove();
    const { stdout } = await docker(['image', 'ls', '-q', repository]);
    const ids = stdout.split('\n').filter((line) => line !== '');
    if (ids.length > 0) await docker(['image', 'rm', '-f', ...new Set(ids)]);
  });

  const file = (tag: string, more = ''): string =>
    `name: ${project.name}\nservices:\n  web:\n    image: ${repository}${tag}\n    stop_grace_period: 1s\n${more}`;
  const built = '    build: app\n';
  const dockerfile = (version: string): string => `FROM rewind-test/app:base\nENV APP_VERSION=${version}\n`;
  const mustDocker = async (...args: string[]): Promise<void> => {
    const result = await project.docker(args);
    if (result.exitCode !== 0) throw new Error(result.stderr);
  };
  /** In the registry, and not on this host. */
  async function onlyInRegistry(tag: string, version: string): Promise<void> {
    await project.image(`${repository}:${tag}`, 'ok', version);
    await mustDocker('push', `${repository}:${tag}`);
    await mustDocker('image', 'rm', `${repository}:${tag}`);
  }

  it('pushes what it builds, and latest too, before anything stops; the digest is recorded', async () => {
    project.write('compose.yml', file(':v0', built));
    project.write('app/Dockerfile', dockerfile('one'));
    const plain = await project.json(['deploy', '--build', '--tag', 'v1', '--push']);
    expect(plain.exitCode, JSON.stringify(plain.document)).to.equal(0);
    expect(await registry.tags(project.name)).to.deep.equal(['v1']);
    expect(plain.document.services.web.digest).to.equal(await registry.digest(project.name, 'v1'));

    project.write('app/Dockerfile', dockerfile('two'));
    const both = await project.json(['deploy', '--build', '--tag', '1.4.2', '--push', '--also-latest']);
    expect(both.exitCode).to.equal(0);
    expect(await registry.tags(project.name)).to.deep.equal(['1.4.2', 'latest', 'v1']);
    expect(await registry.digest(project.name, 'latest')).to.equal(both.document.services.web.digest);
    expect(await project.imageId(`${repository}:latest`)).to.equal(both.document.services.web.imageId);
    expect(project.read('compose.yml')).to.equal(file(':1.4.2', built));
    expect(await project.answers()).to.equal('two');
  });

  it('pulls an image that only the registry has, for several services at once', async () => {
    await onlyInRegistry('v1', 'one');
    await onlyInRegistry('v2', 'two');
    project.write(
      'compose.yml',
      `${file(':v1')}  api:\n    image: ${repository}:v1\n    stop_grace_period: 1s\n`,
    );
    expect((await project.json(['deploy'])).exitCode).to.equal(0);
    const second = await project.json(['deploy', `web=${repository}:v2`, `api=${repository}:v2`]);
    expect(second.exitCode).to.equal(0);
    expect([await project.answers('web'), await project.answers('api')]).to.deep.equal(['two', 'two']);
    expect(second.document.services.api.digest).to.equal(await registry.digest(project.name, 'v2'));
  });

  it('touches nothing when an image does not exist, or the push is not accepted', async () => {
    await onlyInRegistry('v1', 'one');
    project.write('compose.yml', file(':v1', built));
    project.write('app/Dockerfile', dockerfile('two'));
    await project.must(['deploy']);
    const before = await worldOf(project);
    const ids = await containerIds(project, 'web');
    const missing = await project.json(['deploy', `web=${repository}:nowhere`]);
    expect(missing.exitCode).to.equal(1);
    expect(missing.document.error.message).to.match(
      /:nowhere is not on this host and cannot be pulled: .*Nothing was changed/,
    );
    // Nobody listens there.
    const refused = await project.json(['deploy', '--build', '--push', `web=127.0.0.1:1/${project.name}:v2`]);
    expect(refused.exitCode, JSON.stringify(refused.document)).to.equal(1);
    expect(refused.document.error.message).to.match(/pushing 127\.0\.0\.1:1\/.*Nothing was changed/);
    await project.docker(['image', 'rm', `127.0.0.1:1/${project.name}:v2`]);
    expect(await worldOf(project)).to.deep.equal(before);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
    expect(await project.history()).to.have.length(1);
    expect(leftovers(project)).to.deep.equal([]);
  });

  it('refuses tags that name nothing; --allow-mutable pulls the tag anew and records its digest', async () => {
    await onlyInRegistry('stable', 'one');
    const config = `x-rewind: {mutable_tags: [stable]}\n`;
    project.write('compose.yml', config + file(':stable'));
    const first = await project.json(['deploy', '--allow-mutable']);
    expect(first.document.services.web.digest).to.equal(await registry.digest(project.name, 'stable'));
    expect(await project.answers()).to.equal('one');
    const ids = await containerIds(project, 'web');
    for (const [image, reason] of [
      [`${repository}:stable`, /has the tag stable, one of x-rewind\.mutable_tags/],
      [`${repository}:latest`, /is tagged latest/],
      [repository, /has no tag/],
    ] as const) {
      const refused = await project.json(['deploy', `web=${image}`]);
      expect(refused.exitCode, image).to.equal(4);
      expect(refused.document.error.message).to.match(reason);
      expect(refused.document.error.hint).to.match(/--build.*--allow-mutable/);
    }
    expect(await containerIds(project, 'web')).to.deep.equal(ids);

    // Somebody else moves the tag; this host still has the old one under it.
    const old = await project.imageId(`${repository}:stable`);
    await project.image(`${repository}:stable`, 'ok', 'two');
    await mustDocker('push', `${repository}:stable`);
    await mustDocker('tag', old, `${repository}:stable`);
    const moved = await project.json(['deploy', '--allow-mutable']);
    expect(moved.exitCode, JSON.stringify(moved.document)).to.equal(0);
    expect(await project.answers()).to.equal('two');
    const digest = await registry.digest(project.name, 'stable');
    expect(moved.document.services.web.digest).to.equal(digest);
    // A digest names one image for good.
    const pinned = await project.json(['deploy', `web=${repository}@${first.document.services.web.digest}`]);
    expect(pinned.exitCode, JSON.stringify(pinned.document)).to.equal(0);
    expect(await project.answers()).to.equal('one');
  });
});
