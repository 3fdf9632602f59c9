import { expect } from 'chai';
import { RedisProject } from './redis-project.ts';

describe('Redis and Valkey', () => {
  let project: RedisProject;

  afterEach(() => project.remove());

  async function roundTrip(): Promise<void> {
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
  }

  for (const kind of ['redis', 'valkey'] as const) {
    for (const append of ['yes', 'no']) {
      it(`brings everything back on ${kind}, appendonly ${append}, without a stop`, async () => {
        project = await RedisProject.start({ kind, args: ['--appendonly', append] });
        const [container] = await project.containers();
        await roundTrip();
        expect((await project.containers())[0]?.id).to.equal(container?.id);
      });
    }
  }
});
