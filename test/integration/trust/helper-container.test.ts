import { expect } from 'chai';
import { CallShim } from '../../faults/call-shim.ts';
import { killedAt } from '../../faults/faulty-run.ts';
import { until } from '../world.ts';
import { DataProject } from '../volumes/data-project.ts';

/** It is there when services are stopped. */
const END = 'docker container stop *';

describe('a helper container', () => {
  let project: DataProject;
  const shim = new CallShim();
  before(async () => {
    project = await DataProject.make();
  });
  after(async () => {
    await project.remove();
    shim.remove();
  });

  const helpers = async (): Promise<string[]> => {
    const listed = await project.docker([
      'ps',
      '-aq',
      '--filter',
      'label=docker-rewind.helper',
      '--filter',
      `volume=${project.volume('data')}`,
    ]);
    return listed.stdout.split('\n').filter((line) => line !== '');
  };

  /** The helpers that run while a command waits for a call of docker. */
  async function seenDuring(args: string[], pattern: string): Promise<any[]> {
    let seen: any[] = [];
    await killedAt(project, shim, args, { number: 1, pattern }, async () => {
      seen = JSON.parse((await project.docker(['container', 'inspect', ...(await helpers())])).stdout);
    });
    await until('the helpers to go with the command', async () => (await helpers()).length === 0);
    await project.must(['recover']);
    return seen;
  }

  it('has no network, a read-only root, no privileges, and only the capabilities that it needs', async () => {
    const reading = await seenDuring(['backup'], END);
    expect(reading).to.have.lengthOf(1);
    expect(reading[0].HostConfig.CapAdd).to.deep.equal(['CAP_DAC_READ_SEARCH']);
    expect(reading[0].Mounts.find((mount: any) => mount.Type === 'volume').RW).to.equal(false);

    const { id } = await project.backup();
    const writing = await seenDuring(['restore', id, '--yes', '--no-safety-backup'], END);
    expect(writing).to.have.lengthOf(1);
    // Devices that were in the data of this very project may be made again.
    expect(writing[0].HostConfig.CapAdd.sort()).to.deep.equal([
      'CAP_CHOWN',
      'CAP_DAC_OVERRIDE',
      'CAP_DAC_READ_SEARCH',
      'CAP_FOWNER',
      'CAP_FSETID',
      'CAP_MKNOD',
      'CAP_SETFCAP',
    ]);
    for (const { HostConfig, Config, NetworkSettings, Mounts } of [...reading, ...writing]) {
      expect(HostConfig.NetworkMode).to.equal('none');
      expect(Object.keys(NetworkSettings.Networks)).to.deep.equal(['none']);
      expect(HostConfig.ReadonlyRootfs).to.equal(true);
      expect(HostConfig.Privileged).to.equal(false);
      expect(HostConfig.CapDrop).to.deep.equal(['ALL']);
      expect(HostConfig.SecurityOpt).to.include('no-new-privileges');
      expect(HostConfig.PidMode + HostConfig.IpcMode).not.to.include('host');
      expect(HostConfig.LogConfig.Type).to.equal('none');
      expect(HostConfig.AutoRemove).to.equal(true);
      expect(Config.Env.filter((entry: string) => !entry.startsWith('PATH='))).to.deep.equal([]);
      const targets = Mounts.map((mount: any) => mount.Destination).sort();
      expect(targets).to.deep.equal(['/exchange', '/volumes/data']);
    }
  });
});
