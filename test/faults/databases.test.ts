import { expect } from 'chai';
import { cutOff, cutText, writesOf } from './cut-off.ts';
import { DatabaseProject, OTHERS } from './database-project.ts';
import { conclude, cutsOf, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS, WANTED } from './wanted.ts';

for (const other of Object.keys(OTHERS) as (keyof typeof OTHERS)[]) {
  // A sample of one of them is enough for npm test.
  if (WANTED === undefined && other !== 'redis') continue;
  describe(`databases (PostgreSQL and ${other}) beside volumes, killed at any step`, function () {
    this.timeout(TIMEOUT_MS);
    let project: DatabaseProject;
    before(async () => (project = await DatabaseProject.with(other)));
    after(() => project.remove());

    it('of a backup: all is as it was, and there is a whole restore point or none', async () => {
      const writes = await writesOf(project, ['backup']);
      let whole: { id: string; content: string } | undefined;
      for (const [index, cut] of cutsOf(writes, 2).entries()) {
        const where = cutText(cut);
        await project.fill(where);
        const content = await project.content();
        const points = project.points();
        const earlier = await remember(project);
        const args = ['backup', '--mode', index % 2 === 0 ? 'stop' : 'pause'];
        expect(await cutOff(project, args, cut), where).to.equal(true);
        await project.untilWell();
        const aftermath = await conclude(project, cut, earlier);
        const made = project.points().filter((id) => !points.includes(id));
        expect(made, `${where} ${aftermath.outcome}`).to.have.lengthOf(
          aftermath.outcome === 'finished' ? 1 : 0,
        );
        expect(await project.content(), where).to.equal(content);
        await expectWritesKept(project, cut, aftermath);
        if (made[0] !== undefined) whole = { id: made[0], content };
      }
      if (whole === undefined) return;
      await project.must(['restore', whole.id, '--yes', '--no-safety-backup']);
      expect(await project.content()).to.equal(whole.content);
    });

    it('of a restore: databases and volumes are all as before or all as in the restore point', async () => {
      await project.fill('old');
      const { id } = await project.backup();
      const old = await project.content();
      const args = ['restore', id, '--yes', '--no-safety-backup'];
      await project.fill('new');
      const writes = await writesOf(project, args);
      expect(await project.content()).to.equal(old);
      await project.fill('new');
      let present = await project.content();
      for (const cut of cutsOf(writes, 2)) {
        const where = cutText(cut);
        const earlier = await remember(project);
        expect(await cutOff(project, args, cut), where).to.equal(true);
        const aftermath = await conclude(project, cut, earlier);
        const restored = aftermath.outcome === 'finished';
        expect(await project.content(), `${where} ${aftermath.outcome}`).to.equal(restored ? old : present);
        await expectWritesKept(project, cut, aftermath, restored);
        if (!restored) continue;
        await project.fill('new');
        present = await project.content();
      }
    });
  });
}
