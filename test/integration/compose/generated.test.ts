import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { applyFileEdit, undoFileEdit } from '../../../src/compose/file-edit.ts';
import { planImageEdits } from '../../../src/compose/image-source/plan.ts';
import { proveImageEdits } from '../../../src/compose/image-source/proof.ts';
import type { ImageChange, ImageEditPlan } from '../../../src/compose/image-source/types.ts';
import { resolveModel, type Project } from '../../../src/compose/project.ts';
import { imageAfter, imageBefore, generatedProject, type GeneratedProject } from './generated-case.ts';
import { filesOf, sharers } from './generated-files.ts';
import { directoryWith, projectIn, remove, runnerWith } from './image-case.ts';

const CASES = 2000;
// One project holds many cases, because Compose is what takes the time.
const PER_PROJECT = 120;

describe('image-source: generated projects', () => {
  it(`changes the wanted images only, and back to the byte (${CASES} cases)`, async function () {
    this.timeout(600_000);
    const seed = Number(process.env['REWIND_SEED'] ?? Date.now() % 2 ** 31);
    process.stdout.write(`      REWIND_SEED=${seed}\n`);
    let cases = 0;
    for (let round = 0; cases < CASES; round++) {
      await fc.assert(
        fc.asyncProperty(generatedProject(PER_PROJECT), async (project) => {
          const root = directoryWith(filesOf(project));
          try {
            await check(project, root);
          } finally {
            remove(root);
          }
          cases += project.cases.length;
        }),
        { seed: seed + round, numRuns: 10 },
      );
    }
    process.stdout.write(`      ${cases} cases\n`);
  });
});

async function check(generated: GeneratedProject, root: string): Promise<void> {
  const files = filesOf(generated);
  const runner = runnerWith();
  const project = await projectIn(root);
  const wanted = generated.cases.flatMap((item, index) => (item.change ? [{ item, index }] : []));
  const changes = wanted.map(({ item, index }) => ({ service: `s${index}`, image: imageAfter(item) }));
  const back = wanted.map(({ item, index }) => ({ service: `s${index}`, image: imageBefore(item) }));
  for (const { service, image } of back) expect(project.model.services[service]?.image, service).equal(image);

  const plan = await planImageEdits(project, changes, {}, runner);
  const moving = changes.filter((change, position) => change.image !== back[position]?.image);
  const moved = wanted.filter(({ index }) => moving.some(({ service }) => service === `s${index}`));
  const expected = moved.flatMap(({ item, index }) =>
    sharers(item, index).map((name) => `services.${name}.image`),
  );
  expect(plan.effects.map(({ path }) => path)).to.have.members(expected);

  const after = await edit(project, changes, plan);
  for (const { service, image } of changes)
    expect(after.model.services[service]?.image, service).equal(image);

  const again = await planImageEdits(after, back, {}, runner);
  for (const each of again.files) await applyFileEdit(each);
  expectFiles(root, files, 'edited back');
  for (const each of again.files) await undoFileEdit(each);
  for (const each of plan.files) expect(await undoFileEdit(each)).equal('undone');
  expectFiles(root, files, 'undone');
}

async function edit(project: Project, changes: ImageChange[], plan: ImageEditPlan): Promise<Project> {
  for (const each of plan.files) await applyFileEdit(each);
  const model = await resolveModel(runnerWith(), plan.options, project.cwd);
  proveImageEdits(project.model, model, changes, plan);
  return { ...project, model, options: plan.options };
}

function expectFiles(root: string, files: Readonly<Record<string, string>>, when: string): void {
  for (const [name, content] of Object.entries(files))
    expect(readFileSync(join(root, name), 'utf8'), `${name} ${when}`).equal(content);
}
