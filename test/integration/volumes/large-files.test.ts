import { expect } from 'chai';
import { zstdDecompressSync } from 'node:zlib';
import { readFileSync, rmSync } from 'node:fs';
import { DataProject } from './data-project.ts';
import { pointFiles } from './point-files.ts';

/** 24 MB of data in a file of 200 MB, and smaller ones beside it. */
const BUILD = `
head -c 16000000 /dev/urandom >big
dd if=/dev/urandom of=big bs=1M seek=100 count=8 conv=notrunc status=none
truncate -s 200M big
mkdir -p "deep/er
"
head -c 6000000 /dev/urandom >"deep/er
/\\123 disk.img"
for name in end cut longer zeros punched touched copied mode owner attribute linked acl; do
  head -c 4500000 /dev/urandom >$name
done
printf small >small
`;

/** What is done to each file of which parts are kept. */
const IN_PARTS: Readonly<Record<string, string>> = {
  // Over the border of two blocks, in a hole, and one byte at the very end.
  big: `printf abc | dd of=big bs=1 seek=65535 conv=notrunc status=none
    printf hole | dd of=big bs=1 seek=60000000 conv=notrunc status=none
    printf x | dd of=big bs=1 seek=209715199 conv=notrunc status=none`,
  'deep/er\n/\\123 disk.img': 'printf more >>deep/*/*img',
  end: 'printf x >>end',
  cut: 'truncate -s 4200001 cut',
  longer: 'truncate -s 300M longer',
  zeros: 'dd if=/dev/zero of=zeros bs=1M seek=2 count=1 conv=notrunc status=none',
  punched:
    'fallocate --punch-hole --offset 1000000 --length 1500000 punched ; touch -d @123.000000001 punched',
  touched: 'touch -d @-1.25 touched',
  copied: 'cp copied new ; printf new | dd of=new conv=notrunc status=none ; mv new copied',
};

/** What is done to each of those that have to be archived as a whole. */
const AS_A_WHOLE: Readonly<Record<string, string>> = {
  mode: 'chmod 640 mode',
  owner: 'chown 33 owner',
  attribute: 'setfattr -n user.x -v 1 attribute',
  linked: 'ln linked other',
  acl: 'setfacl -m u:33:r acl',
};

describe('large files in which a little changes', () => {
  let project: DataProject;
  beforeEach(async () => {
    project = await DataProject.make();
    await project.inside(BUILD);
  });
  afterEach(() => project.remove());

  /** Takes a point after a change, and shows that exactly that comes back. */
  async function comesBack(change: string, ...flags: string[]) {
    await project.inside(change);
    const snapshot = await project.snapshot();
    const point = await project.backup(...flags);
    const copy = `${project.name}_copy`;
    await project.must(['restore', point.id, '--only', 'data', '--to-volume', copy]);
    expect(await project.snapshot(copy)).to.equal(snapshot);
    await project.docker(['volume', 'rm', copy]);
    const { there, described } = pointFiles(project, point.id);
    expect(there).to.deep.equal(described);
    return point.volumes[0];
  }

  it('are kept by the parts that changed, and as a whole where more than content and time did', async () => {
    await project.backup();
    const volume = await comesBack([...Object.values(IN_PARTS), ...Object.values(AS_A_WHOLE)].join('\n'));
    expect(volume.layers).to.have.length(2);
    const { blocks, archive, point } = volume.layers[1];
    const [parts, wholes] = [blocks, archive].map(({ path }) => plain(project, point, path));
    for (const name of Object.keys(IN_PARTS)) {
      expect(parts).to.include(`./${name}/`);
      expect(wholes).not.to.include(`./${name}`);
    }
    for (const name of Object.keys(AS_A_WHOLE)) {
      expect(parts).not.to.include(`./${name}/`);
      expect(wholes).to.include(`./${name}`);
    }
    expect(blocks.bytes).to.be.below(1_000_000);
    // The next one is compared with the same full.
    const again = await comesBack(
      'head -c 200000 /dev/urandom | dd of=zeros conv=notrunc status=none ; truncate -s 5M cut',
    );
    expect(again.layers).to.have.length(2);
    expect(again.layers[1].blocks.bytes).to.be.within(blocks.bytes, 1_500_000);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('replace a link, a directory, each other', async () => {
    await project.backup();
    await comesBack('mv big was ; mv deep/*/*img big ; mv was deep/image');
    await comesBack('rm -r big deep ; ln -s /etc/passwd big ; mkdir new ; mv end new ; mv cut end');
  });

  it('make a new full where most of them changed', async () => {
    await project.backup();
    const volume = await comesBack('head -c 70000000 /dev/urandom | dd of=big conv=notrunc status=none');
    expect(volume.layers).to.have.length(1);
    expect(volume.base).to.equal(null);
  });

  it('come back in their place, and from a point that builds on one that is gone', async () => {
    const first = await project.backup();
    await project.inside('printf abc | dd of=big bs=1 seek=7 conv=notrunc status=none');
    const snapshot = await project.snapshot();
    const { id } = await project.backup();
    rmSync(project.point(first.id), { recursive: true });
    await project.inside('head -c 300000 /dev/urandom | dd of=big conv=notrunc status=none ; rm -r deep');
    await project.must(['restore', id, '--yes', '--no-safety-backup']);
    expect(await project.snapshot()).to.equal(snapshot);
    await project.inside('rm big');
    await project.must(['restore', id, '--yes', '--in-place', '--no-safety-backup']);
    expect(await project.snapshot()).to.equal(snapshot);
    // It is reused as it is, and restored from there.
    const again = await project.backup();
    expect(again.volumes[0].addedBytes).to.be.below(3_000_000);
    const sum = await project.inside('sha256sum big ; rm big');
    await project.must(['restore', again.id, '--file', 'data:big', '--yes']);
    expect(await project.inside('sha256sum big')).to.equal(sum);
  });

  /** Has the service run something else. */
  async function runs(script: string): Promise<void> {
    const image = '    image: rewind-test/app:base\n';
    const command = JSON.stringify(['sh', '-c', script]).replaceAll('$', '$$$$');
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(image, () => `${image}    command: ${command}\n`),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
  }

  describe('of which a block is again what the full has, when the service stops', () => {
    beforeEach(async () => {
      await project.inside('find . -type f ! -name big -delete ; head -c 3900000 /dev/urandom >grown');
      const block = 'bs=65536 count=1 conv=notrunc';
      await project.inside(`dd if=big of=block ${block} skip=5 ; dd if=grown of=other ${block} skip=5`);
      const back = (from: string, to: string): string => `dd if=/data/${from} of=/data/${to} ${block} seek=5`;
      await runs(
        `trap '${back('block', 'big')} ; ${back('other', 'grown')} ; exit 0' TERM ; /app serve & wait`,
      );
      await project.backup();
    });

    /** A backup with a stop has exactly what is there after the stop. */
    async function holds(): Promise<void> {
      const { id } = await project.backup();
      const sums = await project.inside('cmp -n 65536 block big 0 327680 && sha256sum big grown');
      const copy = `${project.name}_copy`;
      await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
      expect(await project.inside('sha256sum big grown', copy)).to.equal(sums);
      await project.docker(['volume', 'rm', copy]);
    }

    const other = (name: string): string =>
      `head -c 65536 /dev/urandom | dd of=${name} bs=64k seek=5 conv=notrunc iflag=fullblock`;

    it('are compared once: what the first pass archived as a whole stays whole', async () => {
      // Large from now on, and not in the full.
      await project.inside(`${other('grown')} ; head -c 500000 /dev/urandom >>grown`);
      await holds();
    });

    it('are compared with what they are built upon, where the first pass reused the last point', async () => {
      await project.inside(other('big'));
      await project.backup('--mode', 'hot');
      await holds();
      await project.inside(other('big'));
      await holds();
    });
  });

  it('are compared with a full again when services stop, where they changed since', async () => {
    await runs(
      'cd /data ; (n=0 ; while :; do n=$((n + 1)) ; echo $n | dd of=big conv=notrunc 2>/dev/null ; sleep 0.05 ; done) & exec /app serve',
    );
    await project.backup();
    await project.inside('echo other | dd of="$(ls deep/*/*img)" bs=1 seek=3000000 conv=notrunc status=none');
    const sums = await project.inside('sha256sum small deep/*/*');
    const { id, volumes } = await project.backup();
    const [first, second] = volumes[0].layers.filter(({ point }: { point: string }) => point === id);
    expect(first).not.to.have.property('blocks');
    const names = plain(project, id, second.blocks.path);
    expect(names).to.include('./big/0').and.include('disk.img/2949120');
    expect(volumes[0].addedBytes).to.be.below(1_000_000);
    const { there, described } = pointFiles(project, id);
    expect(there).to.deep.equal(described);
    // While it is written to, what is kept of it is noted to be of no one moment.
    const hot = await project.backup('--mode', 'hot');
    expect(hot.volumes[0].layers.at(-1)).to.have.property('blocks');
    expect(hot.volumes[0].notes.join()).to.match(/changed while it was archived/);
    await project.must(['restore', hot.id, '--yes', '--no-safety-backup']);
    await project.inside('rm -r big deep small');
    await project.must(['restore', id, '--yes', '--no-safety-backup']);
    expect(await project.inside('sha256sum small deep/*/*')).to.equal(sums);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});

/** A compressed file of a point, as text of single bytes. */
function plain(project: DataProject, id: string, path: string): string {
  return zstdDecompressSync(readFileSync(project.point(id, path))).toString('latin1');
}
