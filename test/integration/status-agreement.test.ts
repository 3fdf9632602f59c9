import { expect } from 'chai';
import { TestProject } from './project.ts';
import { containerIds } from './world.ts';

describe('status finds no drift after docker rewind did its work', () => {
  let project: TestProject;
  afterEach(() => project.remove());
  const image = (tag: string): string => `${project.repository}:${tag}`;

  /** Nothing to report, nothing in the next plan, and nothing that a plain `docker compose up` would replace. */
  async function agrees(when: string, args: string[] = [], compose: string[] = []): Promise<void> {
    const { exitCode, document } = await project.json(['status', ...args]);
    expect(exitCode, `${when}: ${JSON.stringify(document)}`).to.equal(0);
    const names = Object.keys(document.services);
    const ids = await containerIds(project, ...names);
    await project.docker(['compose', ...compose, 'up', '-d', '--no-build', '--wait']);
    expect(
      await containerIds(project, ...names),
      `${when}: docker compose up replaces something`,
    ).to.deep.equal(ids);
  }

  it('with everything that a Compose file can hold', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', bad: 'exits' });
    await project.docker([
      'network',
      'create',
      '--label',
      `com.docker.compose.project=${project.name}`,
      `${project.name}-ext`,
    ]);
    const base = (name: string): string =>
      `  ${name}:\n    image: ${image('v1')}\n    stop_grace_period: 1s\n`;
    const files = {
      'web.env': 'MESSAGE="it costs $$5 and ${HOME}"\n',
      'conf.txt': 'one\n',
      'secret.txt': 'two\n',
      Dockerfile: `FROM ${image('v1')}\n`,
      'compose.yml': [
        `name: ${project.name}\nservices:\n`,
        base('db') + '    env_file: [web.env]\n    volumes: [data:/data]\n',
        base('migrate') + '    command: ["true"]\n    healthcheck: {disable: true}\n',
        base('web') +
          '    env_file: [web.env]\n    environment: {PRICE: "a$$b"}\n    build: .\n    deploy: {replicas: 2}\n' +
          '    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}\n' +
          '    networks: [front, ext]\n    configs: [conf]\n    secrets: [hidden]\n',
        base('tool') + '    profiles: [tools]\n',
        'volumes: {data: {}}\nconfigs: {conf: {file: conf.txt}}\nsecrets: {hidden: {file: secret.txt}}\n',
        `networks: {front: {name: ${project.name}-front}, ext: {external: true, name: ${project.name}-ext}}\n`,
      ].join(''),
      'extra.yml': 'services: {db: {labels: {a: b}}}\n',
    };
    for (const [name, text] of Object.entries(files)) project.write(name, text);
    const chain = ['-f', 'compose.yml', '-f', 'extra.yml'];
    const all = [...chain, '--profile', 'tools'];

    await project.must(['deploy', ...chain]);
    await agrees('deployed', chain, chain);
    await project.must(['deploy', ...chain, `web=${image('v2')}`]);
    await agrees('one deployed', chain, chain);
    expect((await project.rewind(['deploy', ...chain, `web=${image('bad')}`])).exitCode).to.equal(1);
    await agrees('taken back', chain, chain);
    await project.must(['deploy', ...all, `tool=${image('v2')}`]);
    await agrees('with a profile', all, all);
    await project.must(['rollback', 'v1', ...chain, '--yes']);
    await agrees('rolled back', chain, chain);
    expect((await project.containers()).map((each) => each.image)).to.deep.equal([image('v1'), image('v1')]);
  });

  it('with an image that Compose built and named', async () => {
    project = await TestProject.web();
    project.write('Dockerfile', `FROM ${image('v1')}\n`);
    project.write(
      'compose.yml',
      `name: ${project.name}\nservices:\n  web:\n    build: .\n    stop_grace_period: 1s\n`,
    );
    await project.docker(['compose', 'build']);
    await project.must(['deploy', '--allow-mutable']);
    await agrees('deployed');
    const first = (await project.containers())[0]!.imageId;
    project.write('Dockerfile', `FROM ${image('v2')}\n`);
    await project.docker(['compose', 'build']);
    await project.must(['deploy', '--allow-mutable']);
    expect(await project.answers()).to.equal('v2');
    await project.must(['rollback', '--yes']);
    expect((await project.containers())[0]).to.include({ imageId: first });
    await agrees('rolled back');
    const built = await project.docker([
      'image',
      'ls',
      '--format',
      '{{.Repository}}:{{.Tag}}',
      `${project.name}-web`,
    ]);
    await project.docker(['image', 'rm', '-f', ...built.stdout.trim().split('\n')]);
  });
});
