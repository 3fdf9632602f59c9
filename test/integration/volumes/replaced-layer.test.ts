import { expect } from 'chai';
import { DataProject } from './data-project.ts';
import { pointFiles } from './point-files.ts';

describe('a backup of a large file that is written to all the time', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  /** A service that writes a little at the beginning of a large file. */
  async function begin(small: number): Promise<void> {
    project = await DataProject.make();
    await project.inside(
      `head -c 12000000 /dev/urandom >big ; truncate -s 200M big ; head -c ${small} /dev/urandom >calm`,
    );
    const writing =
      'cd /data ; (n=0 ; while :; do n=$$((n + 1)) ; echo $$n | dd of=big conv=notrunc 2>/dev/null ; sleep 0.05 ; done) & exec /app serve';
    const image = '    image: rewind-test/app:base\n';
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(image, () => `${image}    command: ['sh', '-c', '${writing}']\n`),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
  }

  /** Puts a point into a new volume: what is calm is what it was, and what is large is not larger on the disk. */
  async function comesBack(id: string, calm: string): Promise<void> {
    const copy = `${project.name}_copy`;
    await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
    expect(await project.inside('sha256sum <calm ; stat -c %s big', copy)).to.equal(calm);
    expect(Number(await project.inside('stat -c %b big', copy)) * 512).to.be.below(15_000_000);
    await project.docker(['volume', 'rm', copy]);
  }

  it('has it once: what the first pass archived is taken out where nearly all of it was replaced', async () => {
    await begin(1000);
    const calm = await project.inside('sha256sum <calm ; stat -c %s big');
    const first = (await project.backup()).volumes[0];
    expect(first.layers).to.have.length(1);
    expect(first.addedBytes).to.be.below(15_000_000);
    // This one builds on it: what the first pass found to have changed in the file is taken out, too.
    const { id, volumes } = await project.backup();
    expect(volumes[0].addedBytes).to.be.below(200_000);
    const { there, described } = pointFiles(project, id);
    expect(there).to.deep.equal(described);
    expect(there.filter((name) => name.includes('blocks'))).to.have.length(1);
    await comesBack(id, calm);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('archives no more than what changed while services are down, where there is more that did not', async () => {
    await begin(6_000_000);
    const calm = await project.inside('sha256sum <calm ; stat -c %s big');
    const { id, volumes } = await project.backup();
    expect(volumes[0].layers).to.have.length(2);
    const { there, described } = pointFiles(project, id);
    expect(there).to.deep.equal(described);
    await comesBack(id, calm);
  });
});
