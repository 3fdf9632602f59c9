import { expect } from 'chai';
import { type Cut, cutOff, cutText, writesOf } from './cut-off.ts';
import { FaultProject } from './fault-project.ts';
import { conclude, cutsOf, expectWritesKept, remember } from './sweep.ts';
import { TIMEOUT_MS } from './wanted.ts';

describe('a restore that is killed at any step', function () {
  this.timeout(TIMEOUT_MS);
  let project: FaultProject;
  before(async () => (project = await FaultProject.make()));
  after(() => project.remove());

  it('leaves the data as before or as after, never a mix, and no write lost that somebody was told of', async () => {
    const { id } = await project.backup();
    const old = await project.content();
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    await project.fill('new');
    const writes = await writesOf(project, args);
    await project.fill('new');
    let present = await project.content();
    for (const cut of cutsOf(writes, 8)) {
      const where = cutText(cut);
      const earlier = await remember(project);
      expect(await cutOff(project, args, cut), where).to.equal(true);
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

  it('in place goes onward once it began to overwrite, and back before that', async () => {
    const { id } = await project.backup();
    const old = await project.content();
    const args = ['restore', id, '--yes', '--no-safety-backup', '--in-place'];
    await project.fill('new');
    const steps: { kind: string }[] = (await project.json([...args, '--dry-run'])).document.steps;
    // The first write is the plan; then each step has two.
    const begins = 2 + 2 * steps.findIndex(({ kind }) => kind === 'extract-volumes');
    for (const [number, restored] of [
      [begins - 1, false],
      [begins, true],
      [begins + 1, true],
    ] as const) {
      await project.fill(`new${number}`);
      const present = await project.content();
      const cut: Cut = { kind: 'journal', moment: 'after', number };
      const earlier = await remember(project);
      expect(await cutOff(project, args, cut), cutText(cut)).to.equal(true);
      const aftermath = await conclude(project, cut, earlier);
      expect(aftermath.outcome, cutText(cut)).to.equal(restored ? 'finished' : 'undone');
      expect(await project.content(), cutText(cut)).to.equal(restored ? old : present);
      await expectWritesKept(project, cut, aftermath, restored);
    }
  });

  it('that had only to be cleared up is, by the next command, without a question', async () => {
    const { id } = await project.backup();
    const old = await project.content();
    const args = ['restore', id, '--yes', '--no-safety-backup'];
    const steps: unknown[] = (await project.json([...args, '--dry-run'])).document.steps;
    await project.fill('new');
    const last: Cut = { kind: 'journal', moment: 'after', number: 1 + 2 * steps.length };
    expect(await cutOff(project, args, last)).to.equal(true);
    const next = await project.must(['backup', '--progress', 'plain']);
    expect(next.stderr).to.contain('restore: finished');
    expect(await project.content()).to.equal(old);
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
