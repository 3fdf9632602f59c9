import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { killSession } from '../session.ts';
import { until } from '../world.ts';
import { DataProject } from './data-project.ts';

describe('a backup or restore that is killed', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  /** Kills every process of a command, as a crash would, when its progress says that a step begins. */
  async function killedAt(args: readonly string[], step: RegExp): Promise<boolean> {
    const child = spawn('docker', ['rewind', ...args, '--progress', 'json'], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const exit = once(child, 'exit');
    let reached = false;
    for await (const line of createInterface({ input: child.stderr })) {
      if (reached || !step.test(line)) continue;
      reached = true;
      killSession(child.pid ?? 0);
    }
    await exit;
    return reached;
  }

  /** No helper outlives us, though nobody was left to remove it. */
  async function helpersGone(): Promise<void> {
    await until('the helper containers to go', async () => {
      const { stdout } = await project.docker([
        'ps',
        '-q',
        '--filter',
        'label=docker-rewind.helper',
        '--filter',
        `volume=${project.volume('data')}`,
      ]);
      return stdout.trim() === '';
    });
  }

  async function recovered(): Promise<void> {
    await helpersGone();
    const first = await project.json(['recover']);
    expect(first.exitCode, JSON.stringify(first.document)).to.equal(0);
    expect((await project.json(['recover'])).document.recovered).to.deep.equal([]);
    expect(await project.leftovers()).to.deep.equal([]);
    expect((await project.containers())[0]).to.include({ status: 'running', health: 'healthy' });
  }

  const started = (kind: string): RegExp => new RegExp(`"event":"started".*"kind":"${kind}"`);

  it('leaves no half restore point and no stopped service, at any step of a backup', async () => {
    project = await DataProject.make();
    await project.inside('for i in $(seq 300); do head -c 100000 /dev/urandom >f$i; done');
    const before = await project.snapshot();
    const all = (await project.json(['backup', '--dry-run'])).document.steps.map((step: any) => step.kind);
    for (const kind of new Set<string>(all)) {
      expect(await killedAt(['backup'], started(kind)), kind).to.equal(true);
      await recovered();
      expect(await project.snapshot(), kind).to.equal(before);
      for (const id of project.points()) await project.must(['inspect', id]);
    }
    await project.backup();
  });

  it('leaves the data as before or as after, never a mix, at any step of a restore', async () => {
    project = await DataProject.make({ volumes: ['data', 'other'] });
    await project.inside(
      'for i in $(seq 300); do head -c 100000 /dev/urandom >f$i; done ; mkdir d ; echo old >d/state',
    );
    await project.inside('echo old >state', 'other');
    const [oldData, oldOther] = [await project.snapshot(), await project.snapshot('other')];
    const { id } = await project.backup();
    await project.inside('rm f1* ; echo new >d/state ; mv d e');
    await project.inside('echo new >state', 'other');
    const [newData, newOther] = [await project.snapshot(), await project.snapshot('other')];
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    const { steps, finish } = (await project.json([...args, '--dry-run'])).document;
    for (const kind of new Set<string>([...steps, ...finish].map((step: any) => step.kind))) {
      expect(await killedAt(args, started(kind)), kind).to.equal(true);
      await recovered();
      const [data, other] = [await project.snapshot(), await project.snapshot('other')];
      const isOld = data === oldData;
      expect(data, kind).to.equal(isOld ? oldData : newData);
      expect(other, kind).to.equal(isOld ? oldOther : newOther);
      // Once somebody may have written to the restored data it is not taken back any more.
      const onward = kind === 'resume-containers' || finish.some((step: any) => step.kind === kind);
      expect(isOld, kind).to.equal(onward);
      if (!isOld) continue;
      await project.inside('rm f1* ; echo new >d/state ; mv d e');
      await project.inside('echo new >state', 'other');
      break;
    }
  });
});
