import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds, worldOf } from './world.ts';

describe('deploying services that end, and services without a health check', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  /** `migrate` ends with 0 at once; nobody waits for `seed`, which does so too; `web` takes three seconds. */
  const file = (tag: string): string =>
    [
      `name: ${project.name}`,
      'services:',
      '  migrate:',
      `    image: ${project.repository}:v1`,
      '    command: ["true"]',
      '    healthcheck: {disable: true}',
      '  seed:',
      `    image: ${project.repository}:v1`,
      '    command: ["true"]',
      '  plain:',
      `    image: ${project.repository}:v1`,
      '    healthcheck: {disable: true}',
      '    stop_grace_period: 1s',
      '  web:',
      `    image: ${project.repository}:${tag}`,
      '    depends_on:',
      '      migrate: {condition: service_completed_successfully}',
      '    stop_grace_period: 1s',
      '',
    ].join('\n');

  it('waits for the slow ones all the same (Compose gives up waiting at the first that ends)', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'slow', v3: 'unhealthy' });
    project.write('compose.yml', file('v2'));
    const first = await project.json(['deploy']);
    expect(first.exitCode, JSON.stringify(first.document)).to.equal(0);
    expect(await project.answers()).to.equal('v2');
    const [web] = await project.containers();
    expect(web).to.include({ health: 'healthy' });
    for (const service of ['migrate', 'seed']) {
      expect((await project.containers(service))[0], service).to.include({ status: 'exited' });
    }

    const others = await containerIds(project, 'plain', 'seed', 'migrate');
    const before = await worldOf(project, ['web', 'plain', 'migrate', 'seed']);
    const failed = await project.json(['deploy', `web=${project.repository}:v3`]);
    expect(failed.exitCode).to.equal(1);
    expect(await worldOf(project, ['web', 'plain', 'migrate', 'seed'])).to.deep.equal(before);
    expect(await containerIds(project, 'plain', 'seed', 'migrate')).to.deep.equal(others);
  });

  it('fails where Compose fails for another reason although the old containers still run well', async () => {
    project = await TestProject.web();
    await project.must(['deploy']);
    const ids = await containerIds(project, 'web');
    const before = await worldOf(project);
    const mounted = `${project.webFile('v1')}    volumes: [{type: bind, source: ./missing, target: /data}]\n`;
    project.write('compose.yml', mounted);
    const { exitCode, document } = await project.json(['deploy']);
    expect(exitCode).to.equal(1);
    expect(document.error.message).to.match(/missing/);
    expect((await project.history()).map((entry) => entry.status)).to.deep.equal(['failed', 'succeeded']);
    expect(project.read('compose.yml')).to.equal(mounted);
    expect({ ...(await worldOf(project)), text: before.text }).to.deep.equal(before);
    expect(await containerIds(project, 'web')).to.deep.equal(ids);
  });

  it('replaces what lives inside a namespace of the service with it, both ways', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', bad: 'unhealthy' });
    const side = [
      '  side:',
      `    image: ${project.repository}:v1`,
      '    network_mode: service:web',
      '    command: [sleep, "1000"]',
      '    healthcheck: {disable: true}',
      '    stop_grace_period: 0s',
      '',
    ].join('\n');
    project.write('compose.yml', project.webFile('v1') + side);
    /** What the neighbour sees of the service through the network that they share. */
    const seen = async (): Promise<string> => {
      const { stdout } = await project.docker([
        'exec',
        `${project.name}-side-1`,
        'wget',
        '-qO-',
        'http://127.0.0.1:8080/version',
      ]);
      return stdout.trim().replace(`${project.name}-`, '');
    };
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    expect(await seen()).to.equal('v2');
    const failed = await project.json(['deploy', `web=${project.repository}:bad`]);
    expect(failed.exitCode).to.equal(1);
    expect(failed.document.error.message).to.match(/web-1 is unhealthy/);
    expect(await seen()).to.equal('v2');
  });
});
