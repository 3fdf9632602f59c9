import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { dockerConfig } from '../../e2e/installed.ts';
import { killSession } from '../session.ts';
import { until } from '../world.ts';
import { forge, stored } from '../trust/hostile-archive.ts';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

/** Entries with and without ACLs, in directories that give theirs to what is made in them. */
const BUILD = `
mkdir -p gives/below plain
echo before >gives/before
setfacl -m u:7:rx,d:u:8:rwx,d:g:9:r gives
echo inherited >gives/inherited
echo without >gives/without ; setfacl -b gives/without ; chmod 640 gives/without
mkdir gives/directory
echo masked >masked ; setfacl -m u:11:rwx,g:12:r,m::r masked ; chown 33:44 masked ; chmod 4750 masked
ln masked hard
ln -s masked link
truncate -s 20M sparse ; echo end >>sparse ; setfacl -m u:13:r sparse
setfattr -n user.colour -v blue masked
: >empty
`;

const CHANGE = `
rm -r gives masked hard ; setfacl -R -m u:66:rwx . ; setfacl -d -m u:67:rwx .
mkdir gives ; echo other >gives/without
`;

/** tar that knows nothing of ACLs among the attributes, as that of an image of one's own may be. */
const OTHER_TAR = `
mv /usr/bin/tar /usr/bin/gnu-tar
cat >/usr/bin/tar <<'END'
#!/bin/bash
exec gnu-tar "$@" $(case " $* " in *' --version '*) ;; *) echo '--xattrs-exclude=system.*' ;; esac)
END
chmod 755 /usr/bin/tar
`;

/** An archive of the volume in which every entry has an attribute that is too large for any file system. */
const WITH_LARGE = `
large=$(head -c 70000 /dev/zero | tr '\\0' x)
tar --create --format=posix --xattrs '--xattrs-include=*' --acls "--pax-option=SCHILY.xattr.user.large:=$large" . | base64 -w 0
`;

/** Whether the journal of what is at work says so: from there on there is no way back in place. */
function extractionHasBegun(project: DataProject): boolean {
  try {
    const [id = ''] = readdirSync(project.path('.rewind/journal'));
    const read = (name: string): string => project.read(`.rewind/journal/${id}/${name}`);
    const { steps } = JSON.parse(read('plan.json'));
    const extract = steps.findIndex(({ kind }: { kind: string }) => kind === 'extract-volumes');
    return read('progress.jsonl').includes(`"index":${extract},"state":"started"`);
  } catch {
    return false;
  }
}

describe('attributes and ACLs of volumes', () => {
  let project: DataProject;
  let other: string;
  beforeEach(async () => {
    project = await DataProject.make();
    other = `${project.name}-other-tar`;
  });
  afterEach(async () => {
    await project.docker(['image', 'rm', '--force', other]);
    await project.remove();
  });

  async function makeOtherTar(): Promise<void> {
    const maker = `${project.name}-maker`;
    await project.docker([
      'run',
      '--name',
      maker,
      '--network',
      'none',
      HELPER_IMAGE,
      'bash',
      '-c',
      OTHER_TAR,
    ]);
    await project.docker(['commit', maker, other]);
    await project.docker(['rm', '--force', maker]);
  }

  const restore = async (...args: string[]): Promise<void> => {
    await project.must(['restore', ...args, '--no-safety-backup', '--yes']);
  };

  const aclsOf = (point: any): unknown[] => point.volumes[0].layers.map(({ acls }: any) => acls);

  it('come back with the attributes, where they are archived so, whatever the volume gives away', async () => {
    await project.inside(BUILD);
    // What is made in the volume's root, and in the staging directory, would have it.
    for (const root of ['', 'setfacl -d -m u:70:rwx .']) {
      await project.inside(root);
      const snapshot = await project.snapshot();
      const point = await project.backup();
      expect(aclsOf(point)[0]).to.equal('attributes');
      for (const flags of [[], ['--in-place']]) {
        await project.inside(CHANGE);
        await restore(point.id, ...flags);
        expect(await project.snapshot(), flags.join(' ')).to.equal(snapshot);
      }
      const copy = `${project.name}_copy`;
      await project.must(['restore', point.id, '--only', 'data', '--to-volume', copy]);
      expect(await project.snapshot(copy)).to.equal(snapshot);
      await project.docker(['volume', 'rm', copy]);
    }
  });

  it('come back where a differential has other ones', async () => {
    await project.inside(`${BUILD}\nhead -c 1000000 /dev/urandom >large`);
    await project.backup();
    await project.inside(
      'echo new >gives/new ; setfacl -b gives/new ; echo changed >>gives/without ; setfacl -b masked ; setfacl -m u:5:r plain',
    );
    const snapshot = await project.snapshot();
    const point = await project.backup();
    expect(aclsOf(point)).to.deep.equal(['attributes', undefined]);
    await project.inside(CHANGE);
    await restore(point.id);
    expect(await project.snapshot()).to.equal(snapshot);
  });

  it('come back from and with a tar that does not take them for attributes', async () => {
    await makeOtherTar();
    const use = (image: string): void => {
      const file = project.read('compose.yml');
      project.write('compose.yml', file.replace(/helper_image: .*/, `helper_image: ${image}`));
    };
    for (const [backup, restoring, known] of [
      [HELPER_IMAGE, other, 'attributes'],
      [other, HELPER_IMAGE, undefined],
    ] as const) {
      await project.inside(`find . -mindepth 1 -delete ; setfacl -b -k .\n${BUILD}`);
      const snapshot = await project.snapshot();
      use(backup);
      const point = await project.backup();
      expect(aclsOf(point)).to.deep.equal([known]);
      await project.inside(CHANGE);
      use(restoring);
      await restore(point.id);
      expect(await project.snapshot(), backup).to.equal(snapshot);
      rmSync(project.path('.rewind/points'), { recursive: true });
    }
  });

  it('are never lost without a word: a file system that does not take them is told of before anything stops', async () => {
    await project.inside(
      'mkdir d ; echo mine >d/file ; setfattr -n user.small -v 1 d/file ; setfacl -m u:7:r d/file',
    );
    const snapshot = await project.snapshot();
    const { id } = await project.backup();
    const archive = stored(
      project,
      id,
      'volumes/large.tar.zst',
      Buffer.from(await project.inside(WITH_LARGE), 'base64'),
    );
    forge(project, id, (manifest) => (manifest.volumes[0].layers[0].archive = archive));
    await project.inside('echo present >d/file ; echo more >more');
    const present = await project.snapshot();
    const [container] = await project.containers();
    const command = ['restore', id, '--yes', '--no-safety-backup'];
    const copy = `${project.name}_copy`;
    for (const [expected, args] of [
      [4, command],
      [1, ['restore', id, '--file', 'data:d/file', '--yes']],
      [4, ['restore', id, '--only', 'data', '--to-volume', copy]],
    ] as const) {
      const { exitCode, stderr } = await project.rewind(args);
      expect(exitCode, stderr).to.equal(expected);
      expect(stderr)
        .to.match(/3 attributes of entries of data cannot be set on this file system/)
        .and.match(/user\.large of .*d\/file/)
        .and.include('--allow-lost-attributes');
    }
    expect((await project.containers())[0]).to.deep.equal(container);
    expect(await project.snapshot()).to.equal(present);
    expect((await project.docker(['volume', 'inspect', copy])).exitCode).to.equal(1);
    expect(await project.leftovers()).to.deep.equal([]);
    // In place there is nothing to go back to.
    for (const flag of ['--allow-lost-attributes', '--in-place']) {
      await project.inside('echo present >d/file ; echo more >more');
      const { exitCode, document } = await project.json([...command, flag]);
      expect(exitCode, JSON.stringify(document)).to.equal(0);
      expect(document.notes[0]).to.match(
        /3 attributes of entries of data could not be set on this file system: user\.large of/,
      );
      expect(await project.snapshot(), flag).to.equal(snapshot);
    }
  });

  it('that were lost in place are told of by recover, where the command was killed meanwhile', async () => {
    // Enough to be in the middle of it for a while.
    await project.inside('head -c 400000000 /dev/urandom >big ; setfattr -n user.small -v 1 big');
    const snapshot = await project.snapshot();
    const { id } = await project.backup();
    const large = '/work/large.tar';
    await project.docker([
      'run', '--rm', '--network', 'none', '-v', `${project.volume('data')}:/data`, '-v', `${project.directory}:/work`, '-w', '/data',
      HELPER_IMAGE, 'bash', '-c', WITH_LARGE.replace('| base64 -w 0', `>${large}`),
    ]); // prettier-ignore
    const archive = stored(project, id, 'volumes/large.tar.zst', readFileSync(project.path('large.tar')));
    forge(project, id, (manifest) => (manifest.volumes[0].layers[0].archive = archive));
    rmSync(project.path('large.tar'));
    const child = spawn('docker', ['rewind', 'restore', id, '--yes', '--no-safety-backup', '--in-place'], {
      cwd: project.directory,
      env: { ...process.env, DOCKER_CONFIG: await dockerConfig() },
      stdio: 'ignore',
      detached: true,
    });
    const exit = once(child, 'exit');
    const [container] = await project.containers();
    await until('the extraction to begin', async () => extractionHasBegun(project));
    await killSession(child.pid ?? 0);
    await exit;
    const { exitCode, document } = await project.json(['recover']);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(document.recovered[0].notes[0], JSON.stringify(document)).to.match(
      /2 attributes of entries of data could not be set/,
    );
    expect(await project.snapshot()).to.equal(snapshot);
    expect((await project.containers())[0]?.id).to.equal(container?.id);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
