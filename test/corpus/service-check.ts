import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { applyFileEdit, undoFileEdit } from '../../src/compose/file-edit.ts';
import { planImageEdits } from '../../src/compose/image-source/plan.ts';
import { proveImageEdits } from '../../src/compose/image-source/proof.ts';
import type { ImageEditOptions, ImageEditPlan } from '../../src/compose/image-source/types.ts';
import { resolveModel, type Project, type ResolvedModel } from '../../src/compose/project.ts';
import { tryParseReference } from '../../src/compose/reference.ts';
import type { Runner } from '../../src/docker/runner.ts';
import { RewindError } from '../../src/errors.ts';

/** What became of one service: changed and restored, or refused; a violation is neither. */
export type Outcome =
  | { kind: 'changed'; back: 'edited' | 'undone'; effects: number }
  | { kind: 'refused'; code: string; message: string; override: boolean }
  | { kind: 'violation'; message: string };

/** The reasons for which an edit may be refused; any other is a fault of the editor. */
export const ALLOWED_REFUSALS: ReadonlySet<string> = new Set([
  'IMAGE_FROM_ENVIRONMENT',
  'IMAGE_FROM_REMOTE',
  'IMAGE_FROM_STDIN',
  'IMAGE_VARIABLE_UNSET',
  'READ_ONLY',
]);

/** Changes the tag of one service, proves it, changes it back and looks at every byte. */
export async function checkService(project: Project, service: string, runner: Runner): Promise<Outcome> {
  try {
    return await check(project, service, {}, runner);
  } catch (error) {
    if (!(error instanceof RewindError))
      return violation(`exception: ${(error as Error).stack ?? String(error)}`);
    if (!ALLOWED_REFUSALS.has(error.code))
      return violation(`${error.code}: ${error.message} ${error.details.join('; ')}`);
    if (error.exitCode !== 4 || !error.hint) return violation(`${error.code} without a way out`);
    return {
      kind: 'refused',
      code: error.code,
      message: error.message,
      override: await overrideWorks(project, service, runner),
    };
  }
}

async function overrideWorks(project: Project, service: string, runner: Runner): Promise<boolean> {
  try {
    return (await check(project, service, { override: true }, runner)).kind === 'changed';
  } catch {
    return false;
  }
}

async function check(
  project: Project,
  service: string,
  options: ImageEditOptions,
  runner: Runner,
): Promise<Outcome> {
  const before = project.model.services[service]?.image;
  const image = newImage(before, service);
  const plan = await planImageEdits(project, [{ service, image }], options, runner);
  if (plan.files.length === 0) return violation('no edit for another image');
  const bytes = plan.files
    .filter((edit) => !edit.create)
    .map((edit) => ({ path: edit.path, content: readFileSync(edit.path) }));
  const outcome = await editAndBack(project, service, image, plan, bytes, runner);
  const changed = bytes.find(({ path, content }) => !readFileSync(path).equals(content));
  return changed ? violation(`${changed.path} was not restored to the byte`) : outcome;
}

async function editAndBack(
  project: Project,
  service: string,
  image: string,
  plan: ImageEditPlan,
  bytes: readonly { path: string; content: Buffer }[],
  runner: Runner,
): Promise<Outcome> {
  const before = project.model.services[service]?.image;
  try {
    for (const edit of plan.files) await applyFileEdit(edit);
    const after = await resolveModel(runner, plan.options, project.cwd, undefined);
    proveImageEdits(project.model, after, [{ service, image }], plan);
    const wrong = unplanned(project.model, after, service, image, plan);
    if (wrong !== undefined) return violation(`wrong edit: ${wrong}`);
    if (before !== undefined && tryParseReference(before) && !plan.files.some((edit) => edit.create)) {
      const again: Project = { ...project, options: plan.options, model: after };
      const back = await planImageEdits(again, [{ service, image: before }], {}, runner);
      for (const edit of back.files) await applyFileEdit(edit);
      const same = bytes.every(({ path, content }) => readFileSync(path).equals(content));
      if (same) return { kind: 'changed', back: 'edited', effects: plan.effects.length };
      for (const edit of back.files) await undoFileEdit(edit);
    }
  } finally {
    for (const edit of plan.files.toReversed()) await undoFileEdit(edit);
  }
  return { kind: 'changed', back: 'undone', effects: plan.effects.length };
}

function newImage(before: string | undefined, service: string): string {
  if (before === undefined)
    return `rewind-corpus/${service
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')}:g7h8i9j`;
  const reference = tryParseReference(before.trimEnd());
  if (reference) return `${reference.name}:g7h8i9j`;
  const name = before.replace(/[:@][^/]*$/, '');
  return `${tryParseReference(name) ? name : 'rewind-corpus/image'}:g7h8i9j`;
}

/** Compares the models by other means than the product's own proof: the first path that may not differ. */
function unplanned(
  before: ResolvedModel,
  after: ResolvedModel,
  service: string,
  image: string,
  plan: ImageEditPlan,
): string | undefined {
  if (after.services[service]?.image?.trimEnd() !== image)
    return `services.${service}.image is ${after.services[service]?.image}`;
  const planned = new Set([`services.${service}.image`, ...plan.effects.map((effect) => effect.path)]);
  const [left, right] = [leaves(before), leaves(after)];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const covered = [...planned].some((each) => path === each || path.startsWith(`${each}.`));
    if (!covered && !isDeepStrictEqual(left.get(path), right.get(path))) return path;
  }
  return undefined;
}

function leaves(value: unknown, path = '', out = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) {
      if (path === '' && key.startsWith('x-')) continue;
      leaves(inner, path === '' ? key : `${path}.${key}`, out);
    }
  } else {
    out.set(path, value);
  }
  return out;
}

function violation(message: string): Outcome {
  return { kind: 'violation', message };
}
