import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import { until } from '../world.ts';
import { killedAt, started } from './killed-command.ts';
import { CustomProject } from './custom-project.ts';

describe('a service with dump and restore commands of its own', () => {
  let project: CustomProject;
  before(async () => {
    project = await CustomProject.start();
  });
  after(() => project.remove());
  beforeEach(async () => {
    await project.use({});
    await project.mustInside(
      'rm -rf /data/*; printf first >/data/a; head -c 300000 /dev/urandom >/data/b; : >/tmp/calls',
    );
  });

  it('comes back through its commands, its volume is not archived on top', async () => {
    const before = await project.content();
    const point = await project.backup();
    expect(point.volumes).to.deep.equal([]);
    expect(point.databases[0]).to.include({ key: 'store/store', engine: 'custom' });
    await project.mustInside('rm /data/b; printf second >/data/a; touch /data/c');
    const changed = await project.content();
    const { exitCode, document } = await project.restore(point.id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.content()).to.equal(before);
    await project.restore(document.safetyPoint);
    expect(await project.content()).to.equal(changed);
  });

  it('fails a backup when the command fails, or writes nothing', async () => {
    const points = (): string[] => readdirSync(project.path('.rewind/points'));
    const had = points();
    for (const [dump, says] of [
      [
        'tar c -C /data . ; echo no more paper >&2 ; exit 3',
        /the dump command of store failed: no more paper/,
      ],
      ['true', /it wrote nothing/],
      ['no-such-program', /not found/],
      [`tar c -C /data . ; kill -9 $$`, /the dump command of store failed/],
    ] as const) {
      await project.use({ dump });
      const { exitCode, document } = await project.json(['backup']);
      expect(exitCode, dump).to.equal(1);
      expect(JSON.stringify(document), dump).to.match(says);
      expect(points()).to.deep.equal(had);
    }
  });

  it('is put back with a dump of the present data when the restore command fails', async () => {
    const point = await project.backup();
    await project.mustInside('printf second >/data/a');
    const before = await project.content();
    // Fails the first time only, in the middle of its work.
    await project.use({
      restore:
        'rm -rf /data/* ; if [ -e /tmp/failed ]; then tar x -C /data ; else touch /tmp/failed ; head -c 20000 | tar x -C /data ; exit 1; fi',
    });
    await project.mustInside('rm -f /tmp/failed');
    const { exitCode, document } = await project.restore(point.id, '--no-safety-backup');
    expect(exitCode, JSON.stringify(document)).to.equal(1);
    expect(JSON.stringify(document)).to.match(/the restore command of store failed/);
    expect(await project.content()).to.equal(before);
    expect(
      existsSync(project.path('.rewind/journal')) ? readdirSync(project.path('.rewind/journal')) : [],
    ).to.deep.equal([]);
  });

  it('has none of its commands left at work after a kill', async () => {
    const point = await project.backup();
    const restored = await project.content();
    await project.mustInside('printf second >/data/a');
    const before = await project.content();
    await project.use({
      restore:
        'if [ -e /tmp/slow ]; then touch /tmp/at-work ; rm -rf /data/* ; sleep 1000 ; fi ; rm -rf /data/* ; tar x -C /data',
    });
    await project.mustInside('touch /tmp/slow');
    const args = ['restore', point.id, '--yes', '--no-safety-backup'];
    const atWork = () =>
      until('the restore command', async () => (await project.inside('test -e /tmp/at-work')).exitCode === 0);
    expect(await killedAt(project, args, atWork)).to.equal(true);
    await project.mustInside('rm /tmp/slow');
    await project.must(['recover']);
    expect([before, restored]).to.include(await project.content());
    const left = await project.mustInside(
      'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline | grep "sleep [1]000" || true; done',
    );
    expect(left).to.equal('');
    expect(await killedAt(project, args, started('swap-databases'))).to.equal(true);
    await project.must(['recover']);
    expect([before, restored]).to.include(await project.content());
  });
});

describe('two services with databases', () => {
  const project = new CustomProject();
  after(() => project.remove());

  it('are dumped at the same time, and the point says when', async () => {
    // Each dump waits for the other one to have begun.
    const dump =
      'touch /meet/$HOSTNAME; timeout 60 sh -c "until [ -e /meet/one ] && [ -e /meet/two ]; do sleep 0.05; done" && tar c -C /data .';
    const service = (name: string): string[] => [
      `  ${name}:`,
      `    hostname: ${name}`,
      '    image: rewind-test/helper:1',
      '    init: true',
      '    command: ["sleep", "infinity"]',
      `    volumes: ["${name}:/data", "meet:/meet"]`,
    ];
    const config = (name: string): string =>
      `    ${name}: {backup: custom, dump: ${JSON.stringify(dump.replaceAll('$', '$$$$'))}, restore: "tar x -C /data"}`;
    project.write(
      'compose.yml',
      [
        `name: ${project.name}`,
        'services:', ...service('one'), ...service('two'),
        'volumes: {one: , two: , meet: }',
        'x-rewind:', '  services:', config('one'), config('two'), '',
      ].join('\n'),
    ); // prettier-ignore
    await project.docker(['compose', 'up', '-d', '--no-build', '--pull', 'never']);
    const from = Date.now();
    const { id } = await project.backup('one', 'two');
    const times = await project.dumpTimes(id, { from, to: Date.now() });
    expect(times.map(({ key }) => key)).to.deep.equal(['one/one', 'two/two']);
    expect(Math.max(...times.map(({ taken }) => taken))).to.be.at.most(
      Math.min(...times.map(({ finished }) => finished)),
    );
  });
});
