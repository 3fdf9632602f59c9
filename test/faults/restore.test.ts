import { expect } from 'chai';
import { cutText, FaultProject } from './fault-project.ts';
import { conclude, cutsOf, expectWritesKept, remember, TIMEOUT_MS } from './sweep.ts';

describe('a restore that is killed at any step', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => {
    project = await FaultProject.make();
    await project.fill('old');
  });
  after(() => project.remove());

  it('leaves the data as before or as after, never a mix, and no write lost that somebody was told of', async () => {
    const { id } = await project.backup();
    const old = await project.content();
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    await project.fill('new');
    const writes = await project.writesOf(args);
    await project.fill('new');
    let present = await project.content();
    for (const cut of cutsOf(writes, 8)) {
      const where = cutText(cut);
      const earlier = await remember(project);
      expect(await project.cut(args, cut), where).to.equal(true);
      const aftermath = await conclude(project, cut, earlier);
      const content = await project.content();
      const restored = aftermath.outcome === 'finished';
      expect(content, `${where} ${aftermath.outcome}`).to.equal(restored ? old : present);
      await expectWritesKept(project, cut, aftermath, restored);
      if (!restored) continue;
      await project.fill('new');
      present = await project.content();
    }
  });
});
