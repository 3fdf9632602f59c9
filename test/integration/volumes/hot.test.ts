import { expect } from 'chai';
import { DataProject, HELPER_IMAGE } from './data-project.ts';
import { pointFiles } from './point-files.ts';

// Appends, truncates, renames, replaces and deletes as fast as it can, and never stops by itself.
const WILD = `
cd /data
n=0
while :; do
  n=$((n + 1)) ; k=$((n % 40))
  echo "$n" >>"append$k"
  : >"truncate$k" ; head -c $((n % 7000)) /dev/zero >>"grow$k"
  mv "append$k" "moved$k" 2>/dev/null ; rm -rf "dir$k" ; mkdir -p "dir$k/x" ; echo "$n" >"dir$k/x/f"
  rm -f "grow$(((k + 20) % 40))" ; ln -sf "$n" "link$k"
done
`;

describe('a hot backup under a writer that never rests', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('succeeds, says what was not still, and can be restored', async () => {
    project = await DataProject.make({ rewind: ['volumes: {data: {mode: hot}}'] });
    await project.inside('mkdir calm ; for i in $(seq 400); do head -c 30000 /dev/urandom >calm/$i; done');
    const calm = await project.inside('cd calm ; sha256sum * | sha256sum');
    const wild = `${project.name}-wild`;
    await project.docker([
      'run',
      '-d',
      '--name',
      wild,
      '-v',
      `${project.volume('data')}:/data`,
      HELPER_IMAGE,
      'sh',
      '-c',
      WILD,
    ]);
    try {
      for (let n = 0; n < 3; n++) {
        const { id, volumes } = await project.backup();
        expect(volumes[0].consistency).to.equal('hot');
        expect(volumes[0].notes.join()).to.match(/changed while it was archived/);
        // Later ones are differentials, of which nothing but what they archive is looked at once more.
        expect(volumes[0].layers).to.have.length(n === 0 ? 1 : 2);
        const copy = `${project.name}_copy${n}`;
        await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
        expect(await project.inside('cd calm ; sha256sum * | sha256sum', copy)).to.equal(calm);
        await project.docker(['volume', 'rm', copy]);
      }
    } finally {
      await project.docker(['rm', '-f', wild]);
    }
    expect(await project.leftovers()).to.deep.equal([]);
  });
});

// A directory becomes a link and a directory again, most of the time while the first pass reads it.
const SWAPS =
  'cd /data ; (while :; do for k in 1 2 3 4 5 6 7 8 9; do rm -rf s$$k ; mkdir s$$k ; echo $$k >s$$k/1 ; rm -rf s$$k ; ln -s /data/calm s$$k ; done ; done) & exec /app serve';

describe('a backup of a service that puts links in the place of directories', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('can be restored, whatever the first pass read behind a link', async () => {
    project = await DataProject.make();
    await project.inside('mkdir calm ; for i in $(seq 300); do head -c 20000 /dev/urandom >calm/$i; done');
    const image = '    image: rewind-test/app:base\n';
    const command = `    command: ['sh', '-c', '${SWAPS}']\n`;
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(image, () => image + command),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
    for (let n = 0; n < 2; n++) {
      const { id, volumes } = await project.backup();
      expect(volumes[0].consistency).to.match(/stopped|killed/);
      const { there, described } = pointFiles(project, id);
      expect(there).to.deep.equal(described);
      const copy = `${project.name}_copy${n}`;
      await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
      await project.docker(['volume', 'rm', copy]);
    }
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
