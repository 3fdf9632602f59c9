import { expect } from 'chai';
import { DataProject } from './data-project.ts';
import { randomTree } from './random-tree.ts';

const POINTS = Number(process.env['REWIND_TEST_POINTS'] ?? 3);

describe('any tree', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  const seed = Number(process.env['REWIND_TEST_SEED'] ?? Date.now() % 1_000_000);

  it(`comes back exactly, from full points, differentials and hot ones (REWIND_TEST_SEED=${seed})`, async () => {
    project = await DataProject.make();
    const tree = randomTree(seed);
    const points: { id: string; snapshot: string }[] = [];
    await project.inside(tree.build(80));
    for (let n = 0; n < POINTS; n++) {
      const snapshot = await project.snapshot();
      const { id } = await project.backup(...(n % 2 === 1 ? ['--mode', 'hot'] : []));
      points.push({ id, snapshot });
      await project.inside(tree.mutate(30));
    }
    for (const { id, snapshot } of points.toReversed()) {
      await project.must(['restore', id, '--yes', '--no-safety-backup']);
      expect(await project.snapshot(), id).to.equal(snapshot);
    }
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
