import { expect } from 'chai';
import { TestProject } from './project.ts';
import { until } from './world.ts';

describe('status finds drift', () => {
  let project: TestProject;
  let original: string;
  const image = (tag: string): string => `${project.repository}:${tag}`;
  const service = (name: string, more = ''): string =>
    `  ${name}:\n    image: ${image('v1')}\n    stop_grace_period: 1s\n${more}`;

  before(async () => {
    project = await TestProject.web();
    const level = '    environment: {LEVEL: "${LEVEL:-one}"}\n';
    original = `name: ${project.name}\nservices:\n${service('web', level)}${service('api')}`;
    project.write('compose.yml', original);
    await project.must(['deploy']);
  });
  after(() => project.remove());
  /** Undoes what a test did by hand, with nothing but Compose. */
  afterEach(async () => {
    project.write('compose.yml', original);
    await project.docker(['compose', 'up', '-d', '--wait', '--remove-orphans']);
    expect((await project.rewind(['status'])).exitCode).to.equal(0);
  });

  /** Kinds of drift by service. */
  async function drift(args: string[] = []): Promise<Record<string, string[]>> {
    const { exitCode, document } = await project.json(['status', ...args]);
    expect(document.drift).to.equal(exitCode === 3);
    const plan = await project.json(['deploy', '--dry-run', ...args]);
    const kinds = (entries: [string, any][]) =>
      Object.fromEntries(entries.map(([name, list]) => [name, list.map((each: any) => each.kind)]));
    const all = kinds(Object.entries<any>(document.services).map(([name, entry]) => [name, entry.drift]));
    const found = Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0));
    expect(kinds(Object.entries(plan.document.drift))).to.deep.equal(found);
    return found;
  }

  it('of an image that was edited by hand, and says so to people', async () => {
    project.write('compose.yml', original.replace(image('v1'), image('v2')));
    expect(await drift()).to.deep.equal({ web: ['file', 'config'] });
    const { stdout } = await project.rewind(['status']);
    expect(stdout).to.match(/web: the Compose files say \S+:v2; v1 deployed \S+:v1/);
    expect((await project.must(['deploy', '--dry-run'])).stdout).to.match(
      /drift[^]*web: the Compose files say/,
    );
  });

  it('of docker compose up by hand with another image', async () => {
    project.write('compose.yml', original.replace(image('v1'), image('v2')));
    await project.docker(['compose', 'up', '-d', '--wait']);
    expect(await project.answers()).to.equal('v2');
    expect(await drift()).to.deep.equal({ web: ['file', 'running'] });
    project.write('compose.yml', original);
    expect(await drift()).to.deep.equal({ web: ['running'] });
    // To the current deployment: what ought to run.
    const back = await project.json(['rollback', 'v1', '--dry-run']);
    expect(back.document.images).to.deep.equal({ web: image('v1') });
  });

  it('of other settings: edited, or given by the shell to docker compose up', async () => {
    project.write('compose.yml', original.replace(':-one', ':-two'));
    expect(await drift()).to.deep.equal({ web: ['config'] });
    project.write('compose.yml', original);
    await project.docker(['compose', 'up', '-d', '--wait'], { env: { LEVEL: 'three' } });
    expect(await drift()).to.deep.equal({ web: ['config'] });
  });

  it('of a stopped container, although it ended well', async () => {
    await project.docker(['compose', 'stop', 'api']);
    expect(await drift()).to.deep.equal({ api: ['stopped'] });
    const { document } = await project.json(['rollback', 'v1', '--yes']);
    expect(document).to.include({ kind: 'rollback', target: 'v1', status: 'succeeded' });
    await until('api', async () => (await project.answers('api')) === 'v1');
    expect(await drift()).to.deep.equal({});
  });

  it('of a removed container', async () => {
    await project.docker(['compose', 'rm', '-sf', 'api']);
    expect(await drift()).to.deep.equal({ api: ['stopped'] });
  });

  it('of a tag that was moved', async () => {
    await project.docker(['tag', image('v1'), image('kept')]);
    await project.docker(['tag', image('v2'), image('v1')]);
    const found = await drift();
    await project.docker(['tag', image('kept'), image('v1')]);
    expect(found).to.deep.equal({ web: ['tag'], api: ['tag'] });
  });

  it('of services that came and went', async () => {
    project.write('compose.yml', original.replace('  api:', '  new:'));
    expect(await drift()).to.deep.equal({ api: ['service'], new: ['service'] });
    await project.docker(['compose', 'up', '-d', 'new']);
    expect(await drift()).to.deep.equal({ api: ['service'], new: ['service'] });
    // One behind a profile that is off is not meant to run.
    const profiled = original.replace('  api:', `${service('tool', '    profiles: [tools]\n')}  api:`);
    project.write('compose.yml', profiled);
    await project.docker(['compose', 'up', '-d', '--wait', '--remove-orphans']);
    expect(await drift()).to.deep.equal({});
  });
});
