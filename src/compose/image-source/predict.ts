import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Scalar } from 'yaml';
import type { Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { edited } from '../file-edit.ts';
import type { Project, ResolvedModel } from '../project.ts';
import { differences, sideEffects } from './proof.ts';
import { resolveShadow, type ShadowFiles } from './shadow.ts';
import { decoded, type SourceFile, type SourceFiles } from './source-files.ts';
import { spansOf, textOf } from './spans.ts';
import { parseTemplate } from './template.ts';
import type { ByteEdit, Effect, FileEdit, ImageChange, ImageEditPlan } from './types.ts';
import type { Scope } from './variables.ts';
import { cookScalar, yaml, type SourceDocument } from './yaml-source.ts';

/** How many levels a path in the text leads up at most: 1 for `../x` and `a/..`. */
function levelsUp(text: string): number {
  if (!text.includes('..')) return 0;
  const words = text.split(/[\s"',:=[\]]+/).filter((word) => word.includes('..'));
  return Math.max(0, ...words.map((word) => word.split('/').filter((part) => part === '..').length));
}

/** What the files were read into: all that a prediction must put into its copy of the project. */
export interface Reading {
  sources: SourceFiles;
  scope: Scope;
  documents: (file: SourceFile) => readonly SourceDocument[];
}

/** What the project would resolve to after the edits, and what that moves besides the wanted images. */
export class Prediction {
  readonly #project: Project;
  readonly #reading: Reading;
  readonly #runner: Runner;
  #everything = false;

  constructor(project: Project, reading: Reading, runner: Runner) {
    this.#project = project;
    this.#reading = reading;
    this.#runner = runner;
  }

  /**
   * The resolved model after the edits and the differences that need consent. Throws RewindError (exit 4) when Compose
   * does not accept the edited files.
   */
  async of(
    plan: ImageEditPlan,
    changes: readonly ImageChange[],
  ): Promise<{ after: ResolvedModel; effects: Effect[] }> {
    const after = await this.#resolve(plan.files, plan).catch((error: unknown) => this.#again(plan, error));
    const effects = sideEffects(this.#project.model, after, changes);
    if (effects.length === 0) return { after, effects };
    // A copy of the project can differ from the original for reasons of its own: those are no effects of the edit.
    const baseline = await this.#baseline(plan);
    if (differences(this.#project.model, baseline).length === 0) return { after, effects };
    if (this.#everything) return { after, effects: sideEffects(baseline, after, changes) };
    this.#everything = true;
    return this.of(plan, changes);
  }

  /** Something that the copy leaves out may be the reason: then nothing is left out. */
  async #again(plan: ImageEditPlan, error: unknown): Promise<ResolvedModel> {
    if (!(error instanceof RewindError)) throw error;
    if (!this.#everything) {
      this.#everything = true;
      return this.#resolve(plan.files, plan).catch((second: unknown) => this.#again(plan, second));
    }
    await this.#baseline(plan);
    throw new RewindError(
      'EDIT_NOT_RESOLVED',
      `Compose does not accept the edited files; nothing was changed. ${error.message}`,
      {
        exit: 'refused',
        hint: 'Write the image into the service with --pin, or into compose.rewind.yml with --override',
        cause: error,
      },
    );
  }

  async #baseline(plan: ImageEditPlan): Promise<ResolvedModel> {
    try {
      return await this.#resolve([], { ...plan, options: this.#project.options });
    } catch (error) {
      throw new RewindError(
        'NO_PREDICTION',
        'docker compose cannot read a copy of the project in the temporary directory; nothing was changed',
        {
          exit: 'refused',
          hint: 'Name a directory that docker can read: TMPDIR=$HOME/tmp docker rewind …',
          details: [error instanceof Error ? error.message : String(error)],
          cause: error,
        },
      );
    }
  }

  async #resolve(edits: readonly FileEdit[], plan: ImageEditPlan): Promise<ResolvedModel> {
    const { files, directory, env } = this.#project;
    const read = this.#reading.sources.all();
    const directories = new Set([
      directory,
      ...files.filter((file) => file !== '-').map((file) => dirname(file)),
    ]);
    for (const file of read) directories.add(dirname(file.path));
    const texts = [...read.map((file) => file.text), ...Object.values(env)];
    const outward = this.#everything
      ? Number.POSITIVE_INFINITY
      : Math.max(...texts.map((text) => levelsUp(text ?? '')));
    const tree = { directories: [...directories], outward };
    return resolveShadow(this.#project, plan.options, (root) => this.#files(root, edits), this.#runner, tree);
  }

  /** The edited files under every path by which Compose gets to them. */
  #files(root: string, edits: readonly FileEdit[]): ShadowFiles {
    const files = new Map<string, Buffer>();
    for (const edit of edits) if (edit.create) files.set(edit.path, edited(edit, Buffer.alloc(0)));
    const byPath = new Map(edits.map((edit) => [edit.path, edit]));
    for (const file of this.#reading.sources.all()) {
      const own = byPath.get(file.real)?.edits ?? [];
      const moved = this.#movedPaths(root, file);
      if (own.length === 0 && moved.length === 0) continue;
      const before = Buffer.from('\xEF\xBB\xBF'.slice(0, file.bom) + file.text, 'latin1');
      const all = [...own, ...moved].toSorted((a, b) => a.offset - b.offset);
      files.set(file.path, edited({ path: file.path, sha256: '', edits: all }, before));
    }
    return files;
  }

  /** In the copy, absolute paths to files of the project must lead to the copy. */
  #movedPaths(root: string, file: SourceFile): ByteEdit[] {
    const { sources, scope, documents } = this.#reading;
    const known = sources.all();
    const names = known.map((each) => each.path.slice(each.path.lastIndexOf('/')));
    if (!/\.ya?ml$/.test(file.path) || !names.some((name) => file.text.includes(name))) return [];
    const moved: ByteEdit[] = [];
    for (const source of documents(file)) {
      yaml().visit(source.document, {
        Scalar: (key, node) => {
          const { range, value } = node as Scalar<string>;
          if (key === 'key' || !range || typeof value !== 'string' || !value.includes('/')) return;
          const cooked = cookScalar(source, node as Scalar<string>);
          const parts = cooked && parseTemplate(cooked.value);
          if (!parts) return;
          const path = decoded(textOf(spansOf(cooked, parts, scope.lookup, { writeEnv: false })));
          if (!isAbsolute(path)) return;
          const target =
            known.find((each) => each.path === normalize(path)) ??
            known.find((each) => each.real === realPath(path));
          if (!target) return;
          moved.push({
            offset: range[0] + file.bom,
            removed: decoded(file.text.slice(range[0], range[1])),
            inserted: JSON.stringify(join(root, target.path)),
          });
        },
      });
    }
    return moved;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
