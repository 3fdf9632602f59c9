import { expect } from 'chai';
import { existsSync, mkdirSync } from 'node:fs';
import { TestProject } from './project.ts';

describe('where the Compose files are', () => {
  let project: TestProject;
  beforeEach(async () => (project = await TestProject.web()));
  afterEach(() => project.remove());

  const v2 = (): string => `web=${project.repository}:v2`;

  it('finds the project from a directory below it', async () => {
    mkdirSync(project.path('src/deep'), { recursive: true });
    await project.must(['deploy', v2()], { cwd: project.path('src/deep') });
    expect(project.read('compose.yml')).to.equal(project.webFile('v2'));
    expect(await project.answers()).to.equal('v2');
    expect(existsSync(project.path('.rewind/history.jsonl'))).to.equal(true);
    expect(existsSync(project.path('src/deep/.rewind'))).to.equal(false);
  });

  it('takes -f chains with spaces in their names; the file that says it is edited, the state is beside the first', async () => {
    project.write(
      'sub dir/base file.yml',
      project.webFile('v1').replace(/image:.*\n/, 'environment: {A: b}\n'),
    );
    project.write('images of prod.yml', `services:\n  web:\n    image: "${project.repository}:v1"\n`);
    const files = ['-f', 'sub dir/base file.yml', '-f', 'images of prod.yml'];
    const base = project.read('sub dir/base file.yml');
    await project.must(['deploy', ...files, v2()]);
    expect(project.read('images of prod.yml')).to.equal(
      `services:\n  web:\n    image: "${project.repository}:v2"\n`,
    );
    expect(project.read('sub dir/base file.yml')).to.equal(base);
    expect(await project.answers()).to.equal('v2');
    expect(existsSync(project.path('sub dir/.rewind/history.jsonl'))).to.equal(true);
    expect(project.read('compose.yml')).to.equal(project.webFile('v1'));
  });

  it('takes COMPOSE_FILE from the environment, and fails back in it', async () => {
    await project.image('bad', 'exits');
    project.write('prod.yml', `services:\n  web:\n    image: ${project.repository}:v2\n`);
    const env = { COMPOSE_FILE: 'compose.yml:prod.yml' };
    await project.must(['deploy'], { env });
    expect(await project.answers()).to.equal('v2');
    const failed = await project.json(['deploy', `web=${project.repository}:bad`], { env });
    expect(failed.exitCode).to.equal(1);
    expect(project.read('prod.yml')).to.contain(':v2');
    expect(await project.answers()).to.equal('v2');
  });

  it('deploys the project of -p, with a history of its own, and leaves that of the file alone', async () => {
    await project.must(['deploy']);
    const [own] = await project.containers();
    const other = `${project.name}-other`;
    try {
      const deployed = await project.json(['deploy', '-p', other, v2()]);
      expect(deployed.document).to.include({ id: 'v1', project: other });
      const { stdout } = await project.docker([
        'exec',
        `${other}-web-1`,
        'wget',
        '-qO-',
        'http://127.0.0.1:8080/version',
      ]);
      expect(stdout.trim()).to.equal(`${project.name}-v2`);
      expect((await project.containers())[0]?.id).to.equal(own?.id);
    } finally {
      await project.docker(['compose', '-p', other, 'down', '-t', '0']);
    }
  });

  it('deploys a service of a profile only when it is asked for, and takes its failure back', async () => {
    await project.image('bad', 'unhealthy');
    const tools = `  tools:\n    image: ${project.repository}:v1\n    profiles: [tools]\n    stop_grace_period: 1s\n`;
    project.write('compose.yml', project.webFile('v1') + tools);
    await project.must(['deploy']);
    expect(await project.containers('tools')).to.deep.equal([]);
    expect((await project.rewind(['deploy', `tools=${project.repository}:bad`])).exitCode).to.equal(1);
    expect(await project.containers('tools')).to.deep.equal([]);
    await project.must(['deploy', '--profile', 'tools']);
    expect(await project.answers('tools')).to.equal('v1');
    const [web] = await project.containers();
    expect((await project.rewind(['deploy', `tools=${project.repository}:bad`])).exitCode).to.equal(1);
    expect(await project.answers('tools')).to.equal('v1');
    expect((await project.containers())[0]?.id).to.equal(web?.id);
    expect(project.read('compose.yml')).to.equal(project.webFile('v1') + tools);
  });
});
