import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { listContainers } from '../../../src/docker/containers.ts';
import { ProcessRunner } from '../../../src/docker/runner.ts';
import type { StepContext } from '../../../src/plan/steps/context.ts';
import { resumeContainers, stopWriters } from '../../../src/plan/steps/still-services.ts';
import { DataProject, HELPER_IMAGE } from './data-project.ts';

describe('what a project keeps', () => {
  let project: DataProject;
  afterEach(async () => {
    await project.compose(['down', '-v', '-t', '0']);
    await project.docker(['volume', 'rm', '-f', `${project.name}-ext`, `${project.name}-other`]);
    await project.remove();
  });

  it('are volumes of every kind and mounted directories, but no caches, tmpfs, files and read-only mounts', async () => {
    project = new DataProject();
    for (const path of ['dir/in', 'ro/in', 'opts/in']) project.write(path, path);
    project.write('single', 'file');
    project.write(
      'compose.yml',
      `name: ${project.name}
services:
  web: &app
    image: rewind-test/app:base
    stop_grace_period: 1s
    volumes:
      - ext:/ext
      - named:/named
      - opts:/opts
      - cache:/cache
      - read:/read:ro
      - ./dir:/dir
      - ./ro:/ro:ro
      - ./single:/single
      - {type: tmpfs, target: /t}
      - /var/run/docker.sock:/docker.sock
  other:
    <<: *app
    volumes: ['named:/elsewhere']
volumes:
  ext: {external: true, name: ${project.name}-ext}
  named: {name: ${project.name}-other, labels: {mine: "yes"}}
  opts: {driver_opts: {type: none, o: bind, device: ${project.path('opts')}}}
  cache:
  read:
x-rewind:
  helper_image: ${HELPER_IMAGE}
  volumes: {cache: {backup: false}}
`,
    );
    await project.docker(['volume', 'create', `${project.name}-ext`]);
    await project.compose(['up', '-d', '--wait', '--pull', 'never']);
    const names = [`${project.name}-ext`, `${project.name}-other`];
    for (const name of names) await project.inside(`echo ${name} >file`, name);
    const { id, volumes, downtime } = await project.backup();
    expect(volumes.map((volume: any) => [volume.key, volume.kind, volume.consistency])).to.deep.equal([
      ['ext', 'volume', 'stopped'],
      ['named', 'volume', 'stopped'],
      ['opts', 'volume', 'stopped'],
      ['dir', 'bind', 'stopped'],
    ]);
    expect(downtime).to.have.all.keys('web', 'other');

    await project.compose(['down', '-v', '-t', '0']);
    await project.docker(['volume', 'rm', ...names.slice(0, 1)]);
    project.write('dir/in', 'changed');
    project.write('opts/more', 'more');
    await project.must(['restore', id, '--yes']);
    for (const name of names) expect(await project.inside('cat file', name)).to.equal(`${name}\n`);
    expect([project.read('dir/in'), project.read('opts/in')]).to.deep.equal(['dir/in', 'opts/in']);
    expect(() => project.read('opts/more')).to.throw();
    const inspected = await project.docker(['volume', 'inspect', `${project.name}_opts`, ...names]);
    const [opts, ext, named] = JSON.parse(inspected.stdout);
    expect(opts.Options).to.include({ type: 'none', o: 'bind', device: project.path('opts') });
    expect(ext.Labels).to.not.have.property('com.docker.compose.project');
    expect(named.Labels).to.include({ mine: 'yes', 'com.docker.compose.volume': 'named' });
    const up = await project.compose(['up', '-d', '--wait', '--pull', 'never']);
    expect(up.stderr).to.not.match(/not created by Docker Compose/);
    expect(await project.leftovers()).to.deep.equal([]);
  });

  it('is used again by those who stopped, also where Compose made their containers anew meanwhile', async () => {
    project = await DataProject.make();
    const workDirectory = mkdtempSync(join(tmpdir(), 'rewind-resume-'));
    const runner = new ProcessRunner();
    const context = {
      runner, workDirectory, scope: { project: project.name }, signal: new AbortController().signal,
      onLine: () => {}, onProgress: () => {},
    } as unknown as StepContext; // prettier-ignore
    const base = { resource: 'web', reason: 'test' };
    try {
      const [before] = await listContainers(runner, project.name);
      const { id = '', name = '' } = before ?? {};
      const levels = [[{ id, name, service: 'web', healthy: true }]];
      await stopWriters({ ...base, kind: 'stop-writers', levels }, context);
      expect((await project.containers())[0]).to.include({ status: 'exited' });
      await project.compose(['up', '--force-recreate', '--no-start', '--pull', 'never']);
      await resumeContainers({ ...base, kind: 'resume-containers', levels }, context);
      const after = await project.containers();
      expect(after).to.have.length(1);
      expect(after[0]).to.include({ status: 'running', health: 'healthy' });
      expect(after[0]?.id).to.not.equal(id);
    } finally {
      rmSync(workDirectory, { recursive: true });
    }
  });

  it('may be volumes whose data goes when nobody has them mounted: the helper has, while services are stopped', async () => {
    project = await DataProject.make({ memory: 8 });
    await project.inService('echo mine >/data/file');
    const { id } = await project.backup();
    expect(await project.inService('cat /data/file')).to.equal('mine\n');
    await project.inService('echo other >/data/file');
    await project.must(['restore', id, '--yes']);
    expect(await project.inService('cat /data/file')).to.equal('mine\n');
  });

  it('may be files over 8 GiB, mostly holes', async () => {
    project = new DataProject();
    project.writeFile();
    await project.docker(['volume', 'create', project.volume('data')]);
    await project.inside(
      'truncate -s 9G big ; for at in 0 8600000000 9663676000; do printf "at $at" | dd of=big bs=1 seek=$at conv=notrunc status=none; done ; echo after >z',
    );
    const { id, volumes } = await project.backup();
    expect(volumes[0]).to.include({ consistency: 'no-writer', bytes: 9 * 1024 ** 3 + 6 });
    expect(volumes[0].addedBytes).to.be.below(100_000);
    const copy = `${project.name}_copy`;
    await project.must(['restore', id, '--only', 'data', '--to-volume', copy]);
    const read =
      'for at in 0 8600000000 9663676000; do tail -c +$((at + 1)) big | head -c 13 | tr "\\0" . ; done';
    const [before, after] = await Promise.all([project.inside(read), project.inside(read, copy)]);
    expect(after)
      .to.equal(before)
      .and.match(/at 8600000000/)
      .and.match(/at 9663676000/);
    expect(await project.inside('stat -c "%s %Y" big ; cat z', copy)).to.equal(
      await project.inside('stat -c "%s %Y" big ; cat z'),
    );
    expect(Number(await project.inside('stat -c %b big', copy)) * 512).to.be.below(1_000_000);
    await project.docker(['volume', 'rm', copy]);
    await project.docker(['volume', 'rm', project.volume('data')]);
  });
});
