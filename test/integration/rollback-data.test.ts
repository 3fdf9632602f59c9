import { expect } from 'chai';
import { TestProject } from './project.ts';

/** Every byte of the volumes and of the bind-mounted directory, as a checksum. */
async function dataOf(project: TestProject): Promise<string> {
  const volumes = ['-v', `${project.name}_uploads:/a`, '-v', `${project.directory}/data:/b`];
  const script = 'cd / && find a b -type f | sort | xargs md5sum; find a b | sort | xargs ls -ld';
  const image = 'rewind-test/alpine:3.20';
  return (await project.docker(['run', '--rm', ...volumes, image, 'sh', '-c', script])).stdout;
}

/** Writes into the volumes as the app would. */
async function write(project: TestProject, name: string): Promise<void> {
  const [container] = await project.containers();
  const script = `head -c 300000 /dev/urandom >/uploads/${name}; echo ${name} >>/data/log; chmod 640 /uploads/${name}`;
  const outcome = await project.docker(['exec', container!.id, 'sh', '-c', script]);
  if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
}

describe('a rollback and the data', () => {
  let project: TestProject;
  afterEach(() => project.remove());

  it('leaves volumes and bind mounts byte for byte as they are: rollback, failed deploy, rollback --config', async () => {
    project = await TestProject.web({ v1: 'ok', v2: 'ok', v3: 'exits' });
    const mounts = '    volumes: ["uploads:/uploads", "./data:/data"]\nvolumes: {uploads: {}}\n';
    project.write('compose.yml', project.webFile('v1') + mounts);
    await project.must(['deploy']);
    await write(project, 'one');
    await project.must(['deploy', `web=${project.repository}:v2`]);
    await write(project, 'two');
    const volume = ['volume', 'inspect', '--format', '{{.CreatedAt}}', `${project.name}_uploads`];
    const [before, made] = [await dataOf(project), (await project.docker(volume)).stdout];
    expect(before).to.match(/a\/one[^]*a\/two/);

    await project.must(['rollback', '--yes']);
    expect(await project.answers()).to.equal('v1');
    expect(await dataOf(project)).to.equal(before);

    expect((await project.rewind(['deploy', `web=${project.repository}:v3`])).exitCode).to.equal(1);
    expect(await dataOf(project)).to.equal(before);

    await project.must(['rollback', 'v2', '--config', '--yes']);
    expect(await project.answers()).to.equal('v2');
    expect(await dataOf(project)).to.equal(before);
    expect((await project.docker(volume)).stdout).to.equal(made);
  });

  it('keeps an anonymous volume of the container, too', async () => {
    project = await TestProject.web();
    project.write('compose.yml', `${project.webFile('v1')}    volumes: ["/scratch"]\n`);
    await project.must(['deploy']);
    await project.must(['deploy', `web=${project.repository}:v2`]);
    const exec = async (...words: string[]) =>
      project.docker(['exec', (await project.containers())[0]!.id, ...words]);
    await exec('sh', '-c', 'echo kept >/scratch/file');
    await project.must(['rollback', '--yes']);
    expect((await exec('cat', '/scratch/file')).stdout).to.equal('kept\n');
  });
});
