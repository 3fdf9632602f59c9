import { expect } from 'chai';
import { KEYS } from '../../e2e/installed.ts';
import { DataProject, ONE_OF_EVERYTHING } from './data-project.ts';

describe('a restore', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('makes the volume equal to the restore point in everything, whatever happened to it since', async () => {
    project = await DataProject.make({ bind: true });
    await project.inside(ONE_OF_EVERYTHING);
    const before = await project.snapshot();
    const { id, volumes } = await project.backup();
    expect(volumes.map((volume: any) => [volume.key, volume.consistency])).to.deep.equal([
      ['data', 'stopped'],
      ['uploads', 'stopped'],
    ]);
    await project.inside(`
      rm dir/hard sparse ; echo more >>dir/file ; rm -r empty ; echo file >empty
      rm pipe ; mkdir pipe ; touch pipe/inside ; chmod 755 . ; echo new >new ; mv setuid moved
      setfattr -x user.colour dir/file ; touch -d @5 dangling 2>/dev/null || true`);
    project.write('uploads/second', 'second');

    const { exitCode, document } = await project.json(['restore', id, '--yes']);
    expect(exitCode).to.equal(0);
    expect(document.volumes).to.deep.equal(['data', 'uploads']);
    expect(await project.snapshot()).to.equal(before);
    expect(project.read('uploads/first')).to.equal('first');
    expect(() => project.read('uploads/second')).to.throw();
    expect((await project.containers())[0]).to.include({ status: 'running', health: 'healthy' });
    expect(await project.leftovers()).to.deep.equal([]);

    const blocks = (await project.inside('stat -c %b sparse')).trim();
    expect(Number(blocks) * 512).to.be.below(1_000_000);

    await project.must(['restore', document.safetyPoint, '--yes', '--no-safety-backup']);
    expect(await project.inside('cat new empty')).to.equal('new\nfile\n');
    expect(project.read('uploads/second')).to.equal('second');
  });

  it('takes one volume only, puts it into a new one, or brings a single file back', async () => {
    project = await DataProject.make({ volumes: ['data', 'other'] });
    await project.inside('mkdir -p a/b ; echo one >a/b/one ; echo two >a/two');
    await project.inside('echo other >file', 'other');
    const { id } = await project.backup();
    await project.inside('echo changed >a/b/one ; rm a/two');
    await project.inside('echo changed >file', 'other');
    const [container] = await project.containers();

    const copy = `${project.name}_copy`;
    await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
    expect(await project.inside('cat a/b/one a/two', copy)).to.equal('one\ntwo\n');
    expect((await project.rewind(['restore', id, '--only', 'data', '--to-volume', copy])).exitCode).to.equal(
      4,
    );
    await project.docker(['volume', 'rm', copy]);

    await project.must(['restore', id, '--file', 'data:a/b/one', '--yes']);
    expect(await project.inside('cat a/b/one ; ls a')).to.equal('one\nb\n');
    project.write('out/keep', '');
    await project.must(['restore', id, '--file', 'data:a', '--to', 'out']);
    expect(project.read('out/a/two')).to.equal('two\n');
    expect((await project.rewind(['restore', id, '--file', 'data:nothing', '--yes'])).exitCode).to.equal(10);
    // None of this stopped anything.
    expect((await project.containers())[0]).to.deep.equal(container);

    await project.must(['restore', id.slice(0, -1), '--only', 'data', '--yes']);
    expect(await project.inside('cat a/b/one a/two')).to.equal('one\ntwo\n');
    expect(await project.inside('cat file', 'other')).to.equal('changed\n');
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('swaps back when the services do not get healthy on the restored data', async () => {
    project = await DataProject.make();
    await project.inside('echo good >state ; mkdir d ; touch d/x');
    const bad = await project.backup();
    await project.inside('echo present >state ; rm -r d');
    const before = await project.snapshot();
    // The service refuses to work where it finds what the restore point brings.
    project.write(
      'compose.yml',
      project
        .read('compose.yml')
        .replace(
          '    volumes:',
          [
            '    command: ["sh", "-c", "if [ -e /data/d ]; then exit 7; fi; exec /app serve"]',
            '    volumes:',
          ].join('\n'),
        ),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);

    const { exitCode, stderr } = await project.rewind(['restore', bad.id, '--yes']);
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/Everything is back as it was/);
    expect(await project.snapshot()).to.equal(before);
    expect((await project.containers())[0]).to.include({ status: 'running', health: 'healthy' });
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('works in place where that is asked for, and makes a volume that is gone', async () => {
    project = await DataProject.make();
    await project.inside(ONE_OF_EVERYTHING);
    const before = await project.snapshot();
    const { id } = await project.backup();
    await project.inside('rm -rf dir ; echo x >y');
    await project.must(['restore', id, '--in-place', '--yes']);
    expect(await project.snapshot()).to.equal(before);

    await project.compose(['down', '-v']);
    await project.must(['restore', 'latest', '--yes']);
    await project.must(['restore', id, '--yes']);
    expect(await project.snapshot()).to.equal(before);
  });

  it('needs a yes, and asks for nothing that it cannot do', async () => {
    project = await DataProject.make();
    const { id } = await project.backup();
    expect((await project.rewind(['restore', id])).exitCode).to.equal(2);
    expect((await project.rewind(['restore', 'nope', '--yes'])).exitCode).to.equal(10);
    expect((await project.rewind(['restore', id, '--only', 'dat', '--yes'])).exitCode).to.equal(10);
    const dry = await project.json(['restore', id, '--dry-run']);
    expect(dry.document.steps.map((step: any) => step.kind)).to.include('swap-volumes');

    // On a terminal it asks, with the plan and how old the data is; a no and Ctrl-C change nothing.
    await project.inside('echo present >file');
    const [container] = await project.containers();
    for (const [keys, code] of [
      ['n\r', 4],
      [KEYS.ctrlC, 130],
    ] as const) {
      const terminal = await project.tty(['restore', id, '--no-safety-backup'], { columns: 160 });
      const shown = await terminal.expect(/Put this data back\?/);
      expect(shown)
        .to.match(/taken \d+[sm] ago/)
        .and.match(/put the restored data of data in the place/);
      terminal.send(keys);
      expect(await terminal.exit()).to.equal(code);
      expect(await project.inside('cat file')).to.equal('present\n');
      expect(await project.containers()).to.deep.equal([container]);
    }
    const terminal = await project.tty(['restore', id, '--no-safety-backup'], { columns: 160 });
    await terminal.expect(/Put this data back\?/);
    terminal.send('y\r');
    expect(await terminal.exit(), terminal.text).to.equal(0);
    expect(await project.inside('ls')).to.equal('');
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
