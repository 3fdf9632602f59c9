import { expect } from 'chai';
import { DataProject } from '../volumes/data-project.ts';
import { forge, stored, tar, type Member } from './hostile-archive.ts';

const MEGABYTE = 1024 * 1024;

describe('an archive without an end', () => {
  let project: DataProject;
  after(() => project.remove());

  it('does not fill the disk that the services run on', async () => {
    // A volume of its own small size, without touching the disk.
    project = await DataProject.make({ memory: 32 });
    let serial = 0;
    const [container] = await project.containers();
    await project.inService('echo mine >/data/file');
    const { id } = await project.backup();

    const zeros = Buffer.alloc(64 * MEGABYTE);
    const archive = (members: readonly Member[]) =>
      stored(project, id, `volumes/endless.${serial++}.tar.zst`, tar(members));
    const root: Member = { name: './', type: '5' };
    const small: Member = { name: './file', type: '0', content: Buffer.from('small') };
    const layers = [
      { archive: archive([root, { ...small, content: zeros }]), deleted: null, point: id },
      { archive: archive([root, small]), deleted: null, point: id },
      {
        archive: archive([]),
        blocks: { ...archive([{ name: './file/0', type: '0', content: zeros }]), files: [] },
        deleted: null,
        point: id,
      },
    ];
    for (const chosen of [layers.slice(0, 1), layers.slice(1)]) {
      forge(project, id, (manifest) => (manifest.volumes[0].layers = chosen));
      const { exitCode, stderr } = await project.rewind(['restore', id, '--yes', '--no-safety-backup']);
      expect(exitCode, stderr).to.equal(4);
      expect(stderr).to.match(/too little space/);
    }
    expect(await project.containers()).to.deep.equal([container]);
    expect(await project.inService('cat /data/file; ls -A /data')).to.equal('mine\nfile\n');
    expect(Number(await project.inService('stat -f -c %a /data'))).to.be.above(0);
  });
});
