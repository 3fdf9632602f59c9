import { expect } from 'chai';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

describe('a backup', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('stops only those that write and ran, once, and has exactly those run again', async () => {
    project = new DataProject();
    project.write(
      'compose.yml',
      `name: ${project.name}
services:
  db: &app
    image: rewind-test/app:base
    stop_grace_period: 2s
    volumes: ['data:/data', 'more:/more']
  web:
    <<: *app
    depends_on: {db: {condition: service_healthy}}
    volumes: ['data:/data']
  reader:
    <<: *app
    volumes: ['data:/data:ro']
  idle:
    <<: *app
    volumes: ['data:/data']
  apart:
    <<: *app
    volumes: ['apart:/apart']
volumes: {data: , more: , apart: , cache: }
x-rewind:
  helper_image: ${HELPER_IMAGE}
  volumes: {apart: {mode: hot}}
`,
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
    await project.compose(['stop', 'idle']);
    const started = async (service: string): Promise<string> => {
      const [container] = await project.containers(service);
      const inspected = await project.docker([
        'inspect',
        '--format',
        '{{.Id}} {{.State.Status}} {{.State.StartedAt}}',
        container?.id ?? '',
      ]);
      return inspected.stdout.trim();
    };
    const names = ['db', 'web', 'reader', 'idle', 'apart'];
    const before = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await started(name)])),
    );
    const manifest = await project.backup();
    const after = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await started(name)])),
    );

    for (const name of ['reader', 'idle', 'apart']) expect(after[name], name).to.equal(before[name]);
    for (const name of ['db', 'web']) {
      expect(after[name].split(' ').slice(0, 2)).to.deep.equal(before[name].split(' ').slice(0, 2));
      expect(after[name]).to.not.equal(before[name]);
    }
    // web depends on db: it came back after it.
    expect(after['web'].split(' ')[2] > after['db'].split(' ')[2]).to.equal(true);
    expect(manifest.volumes.map((volume: any) => [volume.key, volume.consistency])).to.have.deep.members([
      ['data', 'stopped'],
      ['more', 'stopped'],
      ['apart', 'hot'],
    ]);
    expect(manifest.downtime).to.have.all.keys('db', 'web');
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('archives only what changed: while services are down, against the last full, and nothing where nothing did', async () => {
    project = await DataProject.make();
    await project.inside(
      'mkdir d ; setfattr -n user.gone -v x d ; setfacl -m u:9:rx d ; for i in $(seq 200); do head -c 20000 /dev/urandom >d/$i; done ; echo x >gone ; ln d/1 hard',
    );
    const full = await project.backup();
    expect(full.volumes[0].addedBytes).to.be.above(4_000_000);
    const first = await project.snapshot();

    const same = await project.backup();
    expect(same.volumes[0].layers.map((layer: any) => layer.point)).to.deep.equal([full.id]);
    expect(same.volumes[0]).to.include({
      addedBytes: 0,
      entries: full.volumes[0].entries,
      bytes: full.volumes[0].bytes,
    });

    await project.inside(
      'head -c 20000 /dev/urandom >d/7 ; rm gone ; setfattr -x user.gone d ; setfacl -b d ; rm d/8 ; mkdir d/8 ; echo in >d/8/in ; mv d/9 moved ; echo m >>hard',
    );
    const snapshot = await project.snapshot();
    const changed = await project.backup();
    expect(changed.volumes[0].base.point).to.equal(full.id);
    expect(changed.volumes[0].addedBytes).to.be.below(150_000);

    await project.inside('rm -r d/8 ; echo y >z');
    const latest = await project.snapshot();
    const last = await project.backup();
    expect(last.volumes[0].base.point).to.equal(full.id);

    await project.must(['restore', changed.id, '--yes', '--no-safety-backup']);
    expect(await project.snapshot()).to.equal(snapshot);
    await project.must(['restore', last.id, '--yes', '--no-safety-backup']);
    expect(await project.snapshot()).to.equal(latest);
    await project.must(['restore', same.id, '--yes', '--no-safety-backup']);
    expect(await project.snapshot()).to.equal(first);
  });

  it('tells how much changed also where files are so small that an archive of all is smaller than a few of them on the disk', async () => {
    project = await DataProject.make();
    await project.inside('for i in $(seq 400); do echo $i >$i; done');
    const full = await project.backup();
    await project.inside('for i in $(seq 40); do echo changed >$i; done');
    const changed = await project.backup();
    expect(changed.volumes[0].base.point).to.equal(full.id);
    await project.inside('for i in $(seq 300); do echo again >$i; done');
    expect((await project.backup()).volumes[0].base).to.equal(null);
  });

  it('pauses all writers together where that is asked for', async () => {
    project = await DataProject.make({ rewind: ['volumes: {data: {mode: pause}}'] });
    // Its next check comes after minutes, and until then the engine calls it unhealthy: nobody waits for that.
    const [before] = await project.containers();
    const manifest = await project.backup();
    expect(manifest.volumes[0].consistency).to.equal('paused');
    expect((await project.containers())[0]).to.deep.equal({ ...before, health: 'unhealthy' });
    expect(manifest.downtime.web).to.be.a('number');
  });

  it('says when a service had to be killed, and which volumes it does not take', async () => {
    project = await DataProject.make();
    project.write(
      'compose.yml',
      project
        .read('compose.yml')
        .replace(
          '    volumes:',
          '    environment: {APP_MODE: ignores-term}\n    volumes:\n      - /anonymous\n      - /srv:/outside',
        ),
    );
    await project.compose(['up', '-d', '--wait', '--pull', 'never', '-t', '0']);
    const outcome = await project.rewind(['backup']);
    expect(outcome.stderr).to.match(/web:\/anonymous is an anonymous volume/);
    expect(outcome.stderr).to.include('web:/outside is not taken: /srv is outside of the project');
    const [id = ''] = project.points();
    expect(project.manifest(id).volumes[0].consistency).to.equal('killed');
  });

  it('refuses a volume that is not there, and takes the named ones only', async () => {
    project = await DataProject.make({ volumes: ['data', 'other'] });
    expect((await project.backup('other')).volumes.map((volume: any) => volume.key)).to.deep.equal(['other']);
    expect((await project.rewind(['backup', 'othre'])).stderr).to.match(/Did you mean other\?/);
    await project.compose(['down', '-v']);
    const { exitCode, stderr } = await project.rewind(['backup']);
    expect(exitCode).to.equal(10);
    expect(stderr).to.match(/does not exist/);
    expect(
      (await project.docker(['volume', 'ls', '-q', '--filter', `name=${project.name}`])).stdout,
    ).to.equal('');
  });

  it('works with BusyBox alone, and says what was not kept', async () => {
    project = await DataProject.make();
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(HELPER_IMAGE, 'rewind-test/alpine:3.20'),
    );
    await project.inside(
      "mkdir -p a/b ; echo x >a/b/f ; ln -s f a/b/l ; ln a/b/f hard ; touch -d @1000000 a/b/f ; echo n >$'new\\nline'",
    );
    const before = await project.inside('find . -printf "%p %y %m %s %l\\n" | sort');
    const manifest = await project.backup();
    expect(manifest.volumes[0].lost).to.include('xattrs');
    await project.inside('rm -r a hard ; echo y >z');
    await project.must(['restore', manifest.id, '--yes']);
    expect(await project.inside('find . -printf "%p %y %m %s %l\\n" | sort')).to.equal(before);
    // With the full helper, too; but never the other way round.
    project.write(
      'compose.yml',
      project.read('compose.yml').replace('rewind-test/alpine:3.20', HELPER_IMAGE),
    );
    await project.inside('echo y >z');
    await project.must(['restore', manifest.id, '--yes', '--no-safety-backup']);
    const gnu = await project.backup();
    project.write(
      'compose.yml',
      project.read('compose.yml').replace(HELPER_IMAGE, 'rewind-test/alpine:3.20'),
    );
    const refused = await project.rewind(['restore', gnu.id, '--yes', '--no-safety-backup']);
    expect(refused.exitCode).to.equal(4);
    expect(refused.stderr).to.match(/GNU tar/);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('lists and inspects', async () => {
    project = await DataProject.make();
    await project.inside('mkdir -p 2026/11 ; echo cat >2026/11/cat.jpg');
    const { id } = await project.backup();
    const listed = await project.json(['list']);
    expect(listed.document.points.map((point: any) => point.id)).to.deep.equal([id]);
    expect((await project.rewind(['list'])).stdout).to.match(new RegExp(`${id}.*backup.*data`));
    expect((await project.rewind(['inspect', 'latest'])).stdout).to.match(/data .*stopped/);
    expect((await project.rewind(['inspect', id, '--files', 'data'])).stdout).to.match(
      /\.\/2026\/11\/cat\.jpg/,
    );
    expect((await project.rewind(['inspect', 'nope'])).exitCode).to.equal(10);
  });
});
