import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { DataProject } from './data-project.ts';

describe('a helper container that is killed', () => {
  let project: DataProject;
  before(async () => {
    project = await DataProject.make();
    await project.inside('for i in 1 2 3 4; do head -c 180000000 /dev/urandom >big$i; done');
  });
  after(() => project.remove());

  /** Runs a command and kills its helper as soon as bytes of the volume are said to have moved. */
  async function killing(args: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
    const child = spawn('docker', ['rewind', ...args, '--progress', 'json'], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = once(child, 'exit');
    let stderr = '';
    let killed = false;
    for await (const line of createInterface({ input: child.stderr })) {
      stderr += `${line}\n`;
      if (killed || !/"event":"progress"/.test(line)) continue;
      killed = true;
      const filters = [
        '--filter',
        'label=docker-rewind.helper',
        '--filter',
        `volume=${project.volume('data')}`,
      ];
      const listed = await project.docker(['ps', '-q', ...filters]);
      for (const id of listed.stdout.split('\n').filter((text) => text !== ''))
        await project.docker(['kill', id]);
    }
    const [exitCode] = (await exit) as [number];
    expect(killed, stderr).to.equal(true);
    return { exitCode, stderr };
  }

  it('while it archives leaves no restore point, and one that ran runs', async () => {
    const { exitCode, stderr } = await killing(['backup']);
    expect(exitCode, stderr).to.equal(1);
    expect(stderr).to.match(/failed: .*(killed|not running)/i);
    expect(project.points()).to.deep.equal([]);
    expect((await project.containers())[0]).to.include({ status: 'running', health: 'healthy' });
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('while it extracts leaves the data as it was', async () => {
    const { id } = await project.backup();
    await project.inside('echo new >new');
    const before = await project.snapshot();
    const [container] = await project.containers();
    const { exitCode, stderr } = await killing(['restore', id, '--yes', '--no-safety-backup']);
    expect(exitCode, stderr).to.equal(1);
    expect(stderr).to.match(/Nothing was changed/);
    expect(await project.snapshot()).to.equal(before);
    expect(await project.containers()).to.deep.equal([container]);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
