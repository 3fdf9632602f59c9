import { expect } from 'chai';
import { DataProject } from './data-project.ts';
import { randomTree } from './random-tree.ts';

const TREES = Number(process.env['REWIND_TEST_TREES'] ?? 4);

describe('any tree', () => {
  let project: DataProject;
  afterEach(() => project.remove());

  it('comes back exactly: built at random, changed at random, from full points and from differentials', async () => {
    project = await DataProject.make();
    const seed = Number(process.env['REWIND_TEST_SEED'] ?? Date.now() % 1_000_000);
    const tree = randomTree(seed);
    const points: { id: string; snapshot: string }[] = [];
    await project.inside(tree.build(60));
    for (let n = 0; n < TREES; n++) {
      const snapshot = await project.snapshot();
      const { id } = await project.backup(...(n % 2 === 1 ? ['--mode', 'hot'] : []));
      points.push({ id, snapshot });
      await project.inside(tree.mutate(25));
    }
    for (const { id, snapshot } of [...points.slice(-1), ...points]) {
      await project.must(['restore', id, '--yes', '--no-safety-backup']);
      expect(await project.snapshot(), `seed ${seed}, ${id}`).to.equal(snapshot);
      await project.inside(tree.mutate(10));
    }
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
