import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds } from './world.ts';

describe('a rollback and the services', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  const service = (name: string, tag: string, more = ''): string =>
    `  ${name}:\n    image: ${project.repository}:${tag}\n    stop_grace_period: 1s\n${more}`;
  const write = (...services: string[]): void =>
    project.write('compose.yml', `name: ${project.name}\nservices:\n${services.join('')}`);
  const set = (tag: string, ...names: string[]) =>
    names.map((name) => `${name}=${project.repository}:${tag}`);
  const needs = (name: string): string => `    depends_on: {${name}: {condition: service_healthy}}\n`;

  it('leaves all containers alone but those of the service that was named', async () => {
    project = await TestProject.web();
    write(service('db', 'v1'), service('api', 'v1', needs('db')), service('web', 'v1', needs('api')));
    await project.must(['deploy']);
    await project.must(['deploy', ...set('v2', 'api', 'web')]);
    const [others, api] = [await containerIds(project, 'db', 'web'), await containerIds(project, 'api')];

    const { document } = await project.json(['rollback', '--service', 'api', '--yes']);
    expect(document).to.include({ target: 'v1' });
    expect(document.changed).to.deep.equal(['api']);
    expect([await project.answers('api'), await project.answers('web')]).to.deep.equal(['v1', 'v2']);
    expect(await containerIds(project, 'db', 'web')).to.deep.equal(others);
    expect(await containerIds(project, 'api')).to.not.deep.equal(api);
    expect(document.services.web.image).to.equal(`${project.repository}:v2`);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);

    // What was left behind follows: to v1, too, and never forward again.
    const db = await containerIds(project, 'db', 'api');
    expect((await project.json(['rollback', '--yes'])).document).to.include({ target: 'v1' });
    expect(await project.answers('web')).to.equal('v1');
    expect(await containerIds(project, 'db', 'api')).to.deep.equal(db);
    await project.docker(['compose', 'up', '-d']);
    expect(await containerIds(project, 'db', 'api')).to.deep.equal(db);
  });

  it('keeps the number of containers: two of the file, three by hand', async () => {
    project = await TestProject.web();
    write(service('web', 'v1', '    deploy: {replicas: 2}\n'));
    await project.must(['deploy']);
    await project.must(['deploy', ...set('v2', 'web')]);
    await project.must(['rollback', '--yes']);
    const images = async () => (await project.containers()).map(({ image, health }) => `${image} ${health}`);
    expect(await images()).to.deep.equal(Array.from({ length: 2 }, () => `${project.repository}:v1 healthy`));
    expect((await project.rewind(['status'])).exitCode).to.equal(0);

    await project.docker(['compose', 'up', '-d', '--scale', 'web=3']);
    await project.must(['rollback', 'v2', '--yes']);
    expect(await images()).to.deep.equal(Array.from({ length: 3 }, () => `${project.repository}:v2 healthy`));
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
  });

  it('leaves out what is no longer in the file, and leaves alone what is new in it', async () => {
    project = await TestProject.web();
    write(service('web', 'v1'), service('old', 'v1'));
    await project.must(['deploy']);
    write(service('web', 'v2'), service('fresh', 'v1'));
    await project.must(['deploy']);
    await project.docker(['rm', '-f', `${project.name}-old-1`]);
    const fresh = await containerIds(project, 'fresh');
    const outcome = await project.must(['rollback', '--yes']);
    expect(outcome.stderr).to.match(/old of v1 is no longer in the Compose files and is left out; --config/);
    expect(await project.answers()).to.equal('v1');
    expect(await containerIds(project, 'fresh')).to.deep.equal(fresh);
    expect(await project.containers('old')).to.deep.equal([]);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);

    const refused = await project.json(['rollback', 'v1', '--service', 'fresh', '--yes']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.document.error.message).to.match(/v1 did not deploy fresh/);
  });
});
