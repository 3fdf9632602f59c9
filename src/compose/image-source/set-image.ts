import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { edited } from '../file-edit.ts';
import type { ComposeOptions } from '../options.ts';
import { loadProject, type Project } from '../project.ts';
import { rewindConfig } from '../rewind-config.ts';
import { effectsBeyondYes } from './consent.ts';
import { planImageEdits } from './plan.ts';
import type { Effect, ImageChange, ImageEditOptions, ImageEditPlan } from './types.ts';
import { shownLines, unifiedDiff } from './unified-diff.ts';

/** `SERVICE=REF` as typed. Throws INVALID_CHANGE (exit 2). */
export function parseImageChange(text: string): ImageChange {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { service: text.slice(0, at), image: text.slice(at + 1) };
  throw new RewindError('INVALID_CHANGE', `"${text}" is not of the form SERVICE=REF`, {
    exit: 'usage',
    hint: 'For instance: docker rewind set-image web=registry.example.com/web:1.4.2',
  });
}

/** An edit that is planned, with all that is needed to show it, ask about it and make it. */
export interface PreparedImages {
  project: Project;
  changes: readonly ImageChange[];
  plan: ImageEditPlan;
  /** The effects that `--yes` alone does not cover. */
  beyondYes: Effect[];
}

/** Plans the edit; changes nothing. */
export async function prepareImages(
  where: { options: ComposeOptions; cwd: string; env: Readonly<Record<string, string | undefined>> },
  changes: readonly ImageChange[],
  options: ImageEditOptions,
  runner: Runner,
): Promise<PreparedImages> {
  const project = await loadProject(runner, where.options, where.cwd, where.env);
  const plan = await planImageEdits(project, changes, options, runner);
  const beyondYes = effectsBeyondYes(plan.effects, project, await rewindConfig(project.model));
  return { project, changes, plan, beyondYes };
}

/** The edit as a unified diff, file by file; paths are relative to the project directory. */
export async function diffOf(prepared: PreparedImages): Promise<string> {
  const diffs = prepared.plan.files.map(async (edit) => {
    const before = edit.create ? Buffer.alloc(0) : await readFile(edit.path);
    const after = edited(edit, before);
    const shown = { before: await shownLines(edit.path, before), after: await shownLines(edit.path, after) };
    return unifiedDiff(relative(prepared.project.directory, edit.path), edit, { before, after, shown });
  });
  return (await Promise.all(diffs)).join('');
}

/** The JSON document of the command; `diff` is there with a dry run. */
export function imagesDocument(prepared: PreparedImages, diff?: string): object {
  const { project, changes, plan } = prepared;
  const image = ({ service, image: after }: ImageChange): [string, object] => [
    service,
    { before: project.model.services[service]?.image ?? null, after },
  ];
  return {
    dryRun: diff !== undefined,
    changed: plan.files.length > 0,
    images: Object.fromEntries(changes.map(image)),
    files: plan.files.map(({ path, edits, create }) => ({ path, edits, created: create === true })),
    effects: plan.effects,
    notes: plan.notes,
    ...(diff === undefined ? {} : { diff }),
  };
}

/** The changes of one call. Throws INVALID_CHANGE (exit 2) for none, or two for one service. */
export function parseImageChanges(texts: readonly string[]): ImageChange[] {
  const changes = texts.map(parseImageChange);
  const twice = changes.find(
    ({ service }, index) => changes.findIndex((each) => each.service === service) !== index,
  );
  if (changes.length > 0 && twice === undefined) return changes;
  throw new RewindError(
    'INVALID_CHANGE',
    twice === undefined ? 'no SERVICE=REF was given' : `${twice.service} was given twice`,
    {
      exit: 'usage',
      hint: 'docker rewind set-image SERVICE=REF [SERVICE=REF …]',
    },
  );
}
