import { expect } from 'chai';
import { DataProject } from '../volumes/data-project.ts';
import { forge, stored, tar } from './hostile-archive.ts';

const MEGABYTE = 1024 * 1024;

describe('an archive without an end', () => {
  let project: DataProject;
  after(() => project.remove());

  it('does not fill the disk that the services run on', async () => {
    // A volume of its own small size, without touching the disk.
    project = await DataProject.make({ memory: 32 });
    const [container] = await project.containers();
    await project.inService('echo mine >/data/file');
    const { id } = await project.backup();

    const zeros = Buffer.alloc(64 * MEGABYTE);
    const archive = tar([
      { name: './', type: '5' },
      { name: './file', type: '0', content: zeros },
    ]);
    forge(project, id, (manifest) => {
      manifest.volumes[0].layers = [
        { archive: stored(project, id, 'volumes/endless.tar.zst', archive), deleted: null, point: id },
      ];
    });
    const { exitCode, stderr } = await project.rewind(['restore', id, '--yes', '--no-safety-backup']);
    expect(exitCode, stderr).to.equal(4);
    expect(stderr).to.match(/too little space/);
    expect(await project.containers()).to.deep.equal([container]);
    expect(await project.inService('cat /data/file; ls -A /data')).to.equal('mine\nfile\n');
    expect(Number(await project.inService('stat -f -c %a /data'))).to.be.above(0);
  });
});
