import { expect } from 'chai';
import { DataProject } from '../volumes/data-project.ts';
import { forge, stored, tar } from './hostile-archive.ts';

const MEGABYTE = 1024 * 1024;

describe('an archive without an end', () => {
  let project: DataProject;
  after(() => project.remove());

  it('does not fill the disk that the services run on', async () => {
    project = new DataProject();
    project.writeFile();
    // A volume of its own small size, without touching the disk.
    const options = '  data:\n    driver_opts: {type: tmpfs, device: tmpfs, o: "size=32m"}\n';
    project.write('compose.yml', project.read('compose.yml').replace('  data:\n', options));
    await project.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    const [container] = await project.containers();
    const inside = async (script: string): Promise<string> =>
      (await project.docker(['exec', container?.id ?? '', 'sh', '-c', script])).stdout.trim();
    await inside('echo mine >/data/file');
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
    expect(await inside('cat /data/file; ls -A /data')).to.equal('mine\nfile');
    expect(Number(await inside('stat -f -c %a /data'))).to.be.above(0);
  });
});
