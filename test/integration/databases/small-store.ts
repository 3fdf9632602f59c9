import { expect } from 'chai';
import { mkdirSync, readdirSync } from 'node:fs';
import { run } from '../../e2e/installed.ts';
import type { TestProject } from '../project.ts';

/** A backup into a store on a disk of that size (as mount says it), which is full: no restore point comes of it. */
export async function backupIntoFullStore(project: TestProject, size: string): Promise<void> {
  const store = project.path('small-store');
  mkdirSync(store, { mode: 0o700 });
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', store]);
  expect(mounted.exitCode, mounted.stderr).to.equal(0);
  const file = project.read('compose.yml');
  const stores = 'stores: [small-store]';
  const own = file.includes('\nx-rewind:\n') ? `  ${stores}` : `x-rewind: { ${stores} }`;
  try {
    project.write('compose.yml', `${file}${own}\n`);
    const { exitCode, document } = await project.json(['backup']);
    expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([1, 'CANNOT_WRITE']);
    expect(document.error.message).to.match(/the disk is full/);
    expect((await project.json(['list'])).document.points).to.deep.equal([]);
    expect(readdirSync(store)).to.deep.equal([]);
  } finally {
    project.write('compose.yml', file);
    await run('umount', [store]);
  }
}
