import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { applyFileEdit, undoFileEdit } from '../../../src/compose/file-edit.ts';
import { planImageEdits } from '../../../src/compose/image-source/plan.ts';
import { differences, proveImageEdits } from '../../../src/compose/image-source/proof.ts';
import type { ImageEditOptions, ImageEditPlan } from '../../../src/compose/image-source/types.ts';
import { NO_COMPOSE_OPTIONS, type ComposeOptions } from '../../../src/compose/options.ts';
import { loadProject, resolveModel, type Project } from '../../../src/compose/project.ts';
import { ProcessRunner, type Runner } from '../../../src/docker/runner.ts';
import { RewindError } from '../../../src/errors.ts';

/** One line of a table: files, a wish, and what every file must hold afterwards. */
export interface ImageCase {
  name: string;
  files: Record<string, string>;
  /** `service=image`, one or more. */
  set: string | string[];
  /** File → the one piece of text that is replaced and what replaces it; all other bytes must stay. */
  edit?: Record<string, readonly [string, string]>;
  /** File → whole content, for files that are created or edited in several places. */
  become?: Record<string, string>;
  /** Paths of the model that may change besides the wanted images, as `path: before → after`. */
  effects?: string[];
  notes?: RegExp;
  /** The code of the refusal, and what its hint must name. */
  refused?: string;
  hint?: RegExp;
  options?: ImageEditOptions;
  compose?: Partial<ComposeOptions>;
  /** In the process environment. */
  env?: Record<string, string>;
  /** Below the temporary directory; where the command is run. */
  cwd?: string;
}

/** Runs docker with additional variables in its environment. */
export function runnerWith(env: Readonly<Record<string, string>> = {}): Runner {
  const runner = new ProcessRunner();
  return { run: (argv, options) => runner.run(argv, { ...options, env: { ...env, ...options?.env } }) };
}

const made: string[] = [];
process.once('exit', () => {
  for (const root of made) remove(root);
});

/** Removes a directory of a test at once instead of at the end of the run. */
export function remove(root: string): void {
  rmSync(root, { recursive: true, force: true });
}

/** A directory with these files; removed at the end of the test run. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rewind-test-')));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  made.push(root);
  return root;
}

export async function projectIn(
  root: string,
  line: Pick<ImageCase, 'compose' | 'env' | 'cwd'> = {},
): Promise<Project> {
  const options = { ...NO_COMPOSE_OPTIONS, ...line.compose };
  const env = { ...process.env, ...line.env };
  return loadProject(runnerWith(line.env), options, join(root, line.cwd ?? ''), env);
}

/** Defines one mocha test per line. */
export function imageCases(lines: readonly ImageCase[]): void {
  for (const line of lines) {
    it(line.name, async () => {
      await check(line);
    });
  }
}

async function check(line: ImageCase): Promise<void> {
  const root = directoryWith(line.files);
  const runner = runnerWith(line.env);
  const changes = [line.set].flat().map((text) => {
    const at = text.indexOf('=');
    return { service: text.slice(0, at), image: text.slice(at + 1) };
  });
  const project = await projectIn(root, line);
  const planned = planImageEdits(project, changes, line.options ?? {}, runner);
  if (line.refused !== undefined) {
    const error: unknown = await planned.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).instanceOf(RewindError);
    expect(error).property('code', line.refused);
    expect(error).property('exitCode', 4);
    expect(error)
      .property('hint')
      .that.matches(line.hint ?? /./);
    expectFiles(root, line.files);
    return;
  }
  const plan = await planned;
  // Planning writes nothing.
  expectFiles(root, line.files);
  for (const edit of plan.files) await applyFileEdit(edit);
  expectFiles(root, expected(line));
  const after = await resolveModel(runner, plan.options, project.cwd);
  proveImageEdits(project.model, after, changes, plan);
  for (const { service, image } of changes) expect(after.services[service]?.image?.trimEnd()).equal(image);
  const own = new Set(changes.map(({ service }) => `services.${service}.image`));
  const moved = differences(project.model, after).filter(({ path }) => !own.has(path));
  expect(moved.map(({ path, before, after: now }) => `${path}: ${before} → ${now}`)).to.have.members(
    line.effects ?? [],
  );
  expect(plan.effects).to.have.deep.members(moved);
  if (line.notes) expect(plan.notes.join('\n')).match(line.notes);
  await takenBack(plan, root, line);
}

async function takenBack(plan: ImageEditPlan, root: string, line: ImageCase): Promise<void> {
  for (const edit of plan.files) expect(await undoFileEdit(edit)).equal('undone');
  expectFiles(root, line.files);
  for (const edit of plan.files) if (edit.create) expect(existsSync(edit.path), edit.path).equal(false);
}

function expected(line: ImageCase): Record<string, string> {
  const files = { ...line.files, ...line.become };
  for (const [name, [before, after]] of Object.entries(line.edit ?? {})) {
    const content = files[name] as string;
    expect(content.split(before).length, `"${before}" stands once in ${name}`).equal(2);
    files[name] = content.replace(before, () => after);
  }
  return files;
}

function expectFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    expect(readFileSync(join(root, name)).toString('latin1'), name).equal(
      Buffer.from(content).toString('latin1'),
    );
  }
}
