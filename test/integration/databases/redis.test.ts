import { expect } from 'chai';
import { byHand } from './by-hand.ts';
import { until } from '../world.ts';
import { RedisProject } from './redis-project.ts';

describe('Redis and Valkey', () => {
  let project: RedisProject;

  afterEach(() => project.remove());

  async function roundTrip(): Promise<{ id: string; before: string }> {
    await project.fill();
    const before = await project.content();
    const settings = await project.settings();
    const point = await project.backup();
    await project.ask('FLUSHALL');
    await project.ask('SET', 'text:1', 'another');
    await project.ask('SET', 'new', 'x');
    await project.ask('FUNCTION', 'FLUSH');
    const { exitCode, document } = await project.restore(point.id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.content()).to.equal(before);
    expect(await project.settings()).to.equal(settings);
    await project.clean();
    // What is in memory must be on the disk as well.
    await project.compose(['kill', 'cache']);
    await project.compose(['start', 'cache']);
    await project.ready();
    expect(await project.content()).to.equal(before);
    return { id: point.id, before };
  }

  for (const [kind, append] of [
    ['redis', 'yes'],
    ['valkey', 'no'],
  ] as const) {
    it(`brings everything back on ${kind}, appendonly ${append}, without a stop`, async () => {
      project = await RedisProject.start({ kind, args: ['--appendonly', append] });
      const [container] = await project.containers('cache');
      const { id, before } = await roundTrip();
      expect((await project.containers('cache'))[0]?.id)
        .to.be.a('string')
        .and.equal(container?.id);
      if (append === 'yes') return;
      await project.ask('FLUSHALL');
      await project.compose(['stop', 'cache']);
      await byHand(project, 'redis', id, { SERVICE: 'cache', DATA: '/data' });
      await project.compose(['start', 'cache']);
      await project.ready();
      expect(await project.content()).to.equal(before);
    });
  }

  it('leaves a server that keeps nothing on its disk without a file, and forgets what has expired since', async () => {
    project = await RedisProject.start({ args: ['--save', '', '--appendonly', 'no'] });
    await project.ask('SET', 'stays', '1');
    await project.ask('SET', 'goes', '1', 'PX', '4000');
    const { id, databases } = await project.backup();
    // On a slow machine it may be gone already.
    expect(databases[0].tables[0].rows).to.be.oneOf([1, 2]);
    await until('the key to expire', async () => (await project.ask('EXISTS', 'goes')) === '0');
    await project.ask('SET', 'stays', '2');
    const { exitCode, document } = await project.restore(id);
    expect(exitCode, JSON.stringify(document)).to.equal(0);
    expect(await project.ask('KEYS', '*')).to.equal('stays');
    expect(await project.ask('GET', 'stays')).to.equal('1');
    expect((await project.inside('ls -A /data')).stdout).to.equal('');
    await project.clean();
  });
});
