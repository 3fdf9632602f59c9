import { expect } from 'chai';
import { cutOff, cutText, writesOf } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, cutsOf, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('a backup that is killed at any step', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => (project = await FaultProject.make()));
  after(() => project.remove());

  it('leaves services running, data as it was, and a whole restore point or none', async () => {
    // Of which only parts are archived, now and further on.
    await project.within('head -c 9000000 /dev/urandom >/other/large');
    await project.backup();
    const part = 'head -c 100000 /dev/urandom | dd of=/other/large conv=notrunc';
    await project.within(part);
    const writes = await writesOf(project, ['backup']);
    expect(writes.journal).to.be.greaterThan(8);
    for (const [index, cut] of cutsOf(writes, 6).entries()) {
      const args = ['backup', '--mode', index % 2 === 0 ? 'stop' : 'pause'];
      // New content each time, or there would be nothing to archive and so no stream to cut.
      await project.fill(cutText(cut));
      await project.within(part);
      const content = await project.content();
      const where = cutText(cut);
      const earlier = await remember(project);
      const points = project.points();
      expect(await cutOff(project, args, cut), where).to.equal(true);
      // Nobody has to type anything for that.
      await project.untilWell();
      const aftermath = await conclude(project, cut, earlier);
      const made = project.points().filter((id) => !points.includes(id)).length;
      expect(made, `${where} ${aftermath.outcome}`).to.be.oneOf(
        { finished: [1], undone: [0], nothing: [0] }[aftermath.outcome ?? 'nothing'],
      );
      expect(await project.content(), where).to.equal(content);
      await expectWritesKept(project, cut, aftermath);
    }
    await project.within(part);
    const { id, volumes } = await project.backup();
    expect(volumes.flatMap(({ layers }: any) => layers.at(-1))).to.satisfy((last: any[]) =>
      last.some((layer) => layer.blocks !== undefined),
    );
    await project.must(['inspect', id]);
  });
});
