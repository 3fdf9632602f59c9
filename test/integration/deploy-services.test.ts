import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds, worldOf } from './world.ts';

const ALL = ['db', 'web', 'api', 'bystander'] as const;

describe('a deploy among other services', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  /** `web` and `api` depend on `db`; nobody needs `bystander`. */
  async function shop(): Promise<void> {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', bad: 'unhealthy' });
    const service = (name: string, more: string): string =>
      `  ${name}:\n    image: ${project.repository}:v1\n    stop_grace_period: 1s\n${more}`;
    const needsDb = '    depends_on: {db: {condition: service_healthy}}\n';
    project.write(
      'compose.yml',
      `name: ${project.name}\nservices:\n${service('db', '')}${service('web', needsDb)}${service('api', needsDb)}${service('bystander', '')}`,
    );
  }
  const compose = (...args: string[]): Promise<unknown> => project.docker(['compose', ...args]);
  const deploy = (tag: string, ...services: string[]): Promise<{ exitCode: number; document: any }> =>
    project.json(['deploy', ...services.map((service) => `${service}=${project.repository}:${tag}`)]);

  it('replaces the named ones only, all or none of them', async () => {
    await shop();
    await project.must(['deploy']);
    const others = await containerIds(project, 'db', 'bystander');
    const done = await deploy('v2', 'web', 'api');
    expect(done.exitCode).to.equal(0);
    expect(done.document.changed).to.have.members(['web', 'api']);
    expect([await project.answers('web'), await project.answers('api')]).to.deep.equal(['v2', 'v2']);
    expect(await project.answers('bystander')).to.equal('v1');
    expect(await containerIds(project, 'db', 'bystander')).to.deep.equal(others);

    const before = await worldOf(project, ALL);
    const mixed = await project.json([
      'deploy',
      `web=${project.repository}:v1`,
      `api=${project.repository}:bad`,
    ]);
    expect(mixed.exitCode).to.equal(1);
    expect(mixed.document.error.details.join('\n')).to.contain(`${project.name}-api-1 (unhealthy)`);
    expect(await worldOf(project, ALL)).to.deep.equal(before);
    expect(await containerIds(project, 'db', 'bystander')).to.deep.equal(others);
  });

  it('starts a dependency that did not run, and stops it again when the deploy fails', async () => {
    await shop();
    await project.must(['deploy']);
    await compose('stop', 'db', 'bystander');
    const before = await worldOf(project, ['web', 'api', 'bystander']);
    expect((await deploy('bad', 'web')).exitCode).to.equal(1);
    expect(await worldOf(project, ['web', 'api', 'bystander'])).to.deep.equal(before);
    expect((await project.containers('db'))[0]?.status).to.be.oneOf(['exited', 'created']);

    expect((await deploy('v2', 'web')).exitCode).to.equal(0);
    expect((await project.containers('db'))[0]).to.include({ status: 'running', health: 'healthy' });
    expect((await project.containers('bystander'))[0]).to.include({ status: 'exited' });
  });

  it('leaves a service stopped that was stopped by hand before a deploy of it failed', async () => {
    await shop();
    await project.must(['deploy']);
    await compose('stop', 'web');
    const text = project.read('compose.yml');
    expect((await deploy('bad', 'web')).exitCode).to.equal(1);
    const [web, ...more] = await project.containers();
    expect(more).to.deep.equal([]);
    expect(web?.status).to.be.oneOf(['exited', 'created']);
    expect(web?.image).to.equal(`${project.repository}:v1`);
    expect(project.read('compose.yml')).to.equal(text);
  });

  it('keeps the number of containers, of dependencies too, both ways', async () => {
    await shop();
    await project.must(['deploy']);
    await compose('up', '-d', '--wait', '--scale', 'web=3', '--scale', 'db=2', 'web');
    const databases = await containerIds(project, 'db');
    expect(databases).to.have.length(2);
    const before = await worldOf(project, ALL);
    expect((await deploy('bad', 'web')).exitCode).to.equal(1);
    expect(await worldOf(project, ALL)).to.deep.equal(before);
    expect(await containerIds(project, 'db')).to.have.members(databases);
    expect((await deploy('v2', 'web')).exitCode).to.equal(0);
    expect((await project.containers()).map((entry) => entry.image)).to.deep.equal(
      Array.from({ length: 3 }, () => `${project.repository}:v2`),
    );
    expect(await containerIds(project, 'db')).to.have.members(databases);
  });

  it('brings back what really ran where somebody had started something else by hand', async () => {
    await shop();
    await project.must(['deploy']);
    const text = project.read('compose.yml');
    project.write('compose.yml', text.replace(/(web:\n.*):v1/, '$1:v2').replace(/(db:\n.*):v1/, '$1:v2'));
    await compose('up', '-d', '--wait', 'web');
    project.write('compose.yml', text);
    const before = await worldOf(project, ALL);
    const databases = await containerIds(project, 'db');
    expect((await deploy('bad', 'web')).exitCode).to.equal(1);
    expect(await worldOf(project, ALL)).to.deep.equal(before);
    expect(await containerIds(project, 'db')).to.deep.equal(databases);
    expect(await project.answers()).to.equal('v2');
  });
});
