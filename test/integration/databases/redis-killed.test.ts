import { expect } from 'chai';
import { killedAt, started } from './killed-command.ts';
import { outlivesDumps, outlivesRestores, type Mortal } from './killed-server.ts';
import { RedisProject } from './redis-project.ts';

type Moment = [string, RegExp | (() => Promise<void>)];

describe('a Redis restore that is killed', () => {
  let project: RedisProject;
  afterEach(() => project.remove());

  for (const append of ['yes', 'no']) {
    it(`leaves the data as before or as restored, appendonly ${append}`, async () => {
      project = await RedisProject.start({ args: ['--appendonly', append] });
      await project.fill(100);
      const { id } = await project.backup();
      const restored = await project.content();
      await project.ask('SET', 'live', 'now');
      await project.ask('DEL', 'text:1', 'sorted:1');
      const before = await project.content();
      const settings = await project.settings();
      const args = ['restore', id, '--yes', '--no-safety-backup'];
      const beside = (file: string): Moment => [file, () => project.staged(file)];
      const step = (kind: string): Moment => [kind, started(kind)];
      // Together they are all that can be told apart from outside; each needs a restore of its own.
      const moments =
        append === 'yes'
          ? [beside('restored.rdb'), beside('kept.rdb'), beside('swapped'), step('drop-old-databases')]
          : [step('load-databases'), beside('settings.json'), beside('begun'), step('await-health')];
      for (const [name, moment] of moments) {
        expect(await killedAt(project, args, moment), name).to.equal(true);
        await project.must(['recover']);
        const now = await project.content();
        expect(now === before || now === restored, name).to.equal(true);
        expect(await project.settings(), name).to.equal(settings);
        await project.clean();
        if (now === before) continue;
        await project.ask('SET', 'live', 'now');
        await project.ask('DEL', 'text:1', 'sorted:1');
        expect(await project.content()).to.equal(before);
      }
      // Nothing waits in memory for a server that starts again.
      await project.compose(['kill', 'cache']);
      await project.compose(['start', 'cache']);
      await project.ready();
      if (append === 'yes') expect(await project.content()).to.equal(before);
    });
  }
});

describe('a Redis database, when its server is killed', () => {
  let project: RedisProject;
  let mortal: Mortal;
  before(async () => {
    // Every write is on the disk before it is confirmed.
    project = await RedisProject.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    await project.fill(100);
    const { id } = await project.backup();
    const [old, live] = [await project.content(), await damaged()];
    mortal = {
      project,
      service: 'cache',
      restore: () => ['restore', id, '--yes', '--no-safety-backup'],
      up: () => project.up(),
      isWhole: async (what) => {
        await project.up();
        const now = await project.content();
        expect(now, what).to.be.oneOf([old, live]);
        await project.clean();
        if (now === live) return 'live';
        expect(await damaged(), what).to.equal(live);
        return 'old';
      },
    };
  });
  after(() => project.remove());

  async function damaged(): Promise<string> {
    await project.ask('SET', 'live', 'now');
    await project.ask('DEL', 'text:1', 'sorted:1');
    return project.content();
  }

  it('is whole when its server dies at any time of a dump', () => outlivesDumps(mortal));

  it('is whole when its server dies at any time of a restore, and the server runs again', () =>
    outlivesRestores(mortal));
});
