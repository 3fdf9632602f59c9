import { dirname, join } from 'node:path';
import { RewindError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { Runner } from '../../docker/runner.ts';
import { edited } from '../file-edit.ts';
import { envFiles } from '../files.ts';
import type { Project, ResolvedModel } from '../project.ts';
import { parseReference, tryParseReference } from '../reference.ts';
import { fileEdits, newLineEdits } from './edits.ts';
import { Finder, type Findings } from './find.ts';
import { placeImage, refuse, spansOfCandidate, type Obstacle, type Placement } from './place.ts';
import { overrideImages } from './override-file.ts';
import { pinImage } from './pin.ts';
import { isImage, sideEffects } from './proof.ts';
import { resolveShadow, type ShadowFiles } from './shadow.ts';
import { decoded, SourceFiles } from './source-files.ts';
import { textOf } from './spans.ts';
import type { FileEdit, ImageChange, ImageEditOptions, ImageEditPlan } from './types.ts';
import { projectScope } from './variables.ts';
import { loadYaml } from './yaml-source.ts';

/**
 * Finds the bytes that supply each image and what else moves with them. Writes nothing: what the edited files would
 * resolve to is asked of Compose on copies in the temporary directory. An image that is already there needs no edit.
 * Throws RewindError: usage (2) for an unknown service or a malformed reference, refused (4) where no safe edit exists.
 */
export async function planImageEdits(
  project: Project,
  changes: readonly ImageChange[],
  options: ImageEditOptions,
  runner: Runner,
): Promise<ImageEditPlan> {
  for (const change of changes) validate(project, change);
  const wanted = changes.filter((change) => !isImage(project.model, change.service, change.image));
  if (wanted.length === 0) return { files: [], effects: [], notes: [], options: project.options };

  await loadYaml();
  const sources = new SourceFiles();
  if (options.override) return planOverride(project, changes, wanted, sources, runner);
  const scope = projectScope(
    project.env,
    envFiles(project.options, project.directory, project.cwd, project.env),
    sources,
  );
  const finder = new Finder(sources, project.files, project.directory, scope);
  const ways = wanted.map((change) => waysTo(project, finder.find(change.service), change, options));
  const chosen = wanted.map(() => 0);
  for (;;) {
    const placements = ways.map((list, index) => list[chosen[index] as number] as Placement);
    const plan = planOf(project, wanted, placements, sources);
    if (placements.every((placement) => placement.certain)) return plan;
    const after = await predicted(project, plan, sources, runner);
    const missed = changes.filter((change) => !isImage(after, change.service, change.image));
    if (missed.length === 0) return { ...plan, effects: sideEffects(project.model, after, changes) };
    const next = wanted.findIndex(
      (change, index) =>
        missed.includes(change) && (ways[index]?.length ?? 0) > (chosen[index] as number) + 1,
    );
    if (next === -1) throw unreachable(project, missed, after);
    chosen[next] = (chosen[next] as number) + 1;
  }
}

async function planOverride(
  project: Project,
  changes: readonly ImageChange[],
  wanted: readonly ImageChange[],
  sources: SourceFiles,
  runner: Runner,
): Promise<ImageEditPlan> {
  const { edits, created, notes, options } = overrideImages(project, wanted, sources);
  const plan = { files: [...fileEdits(edits), ...created], effects: [], notes, options };
  const after = await predicted(project, plan, sources, runner);
  const missed = changes.filter((change) => !isImage(after, change.service, change.image));
  if (missed.length > 0) throw unreachable(project, missed, after);
  return { ...plan, effects: sideEffects(project.model, after, changes) };
}

function planOf(
  project: Project,
  wanted: readonly ImageChange[],
  placements: readonly Placement[],
  sources: SourceFiles,
): ImageEditPlan {
  const added = newLineEdits(
    placements.flatMap((placement) => placement.lines),
    sources,
  );
  const edits = [...placements.flatMap((placement) => placement.edits), ...added.edits];
  const notes = [
    ...placements.flatMap((placement) => placement.notes),
    ...wanted.flatMap((change) => digestNote(project, change)),
  ];
  return {
    files: [...fileEdits(edits), ...added.created],
    effects: [],
    notes: [...new Set(notes)],
    options: project.options,
  };
}

function validate(project: Project, change: ImageChange): void {
  parseReference(change.image);
  if (Object.hasOwn(project.model.services, change.service)) return;
  const near = nearest(change.service, Object.keys(project.model.services));
  throw new RewindError('UNKNOWN_SERVICE', `there is no service "${change.service}" in this project`, {
    exit: 'usage',
    hint:
      near === undefined
        ? `Its services: ${Object.keys(project.model.services).join(', ')}`
        : `Did you mean ${near}?`,
  });
}

/** The image in the model, where Compose writes a dollar sign as two. */
function imageIn(model: ResolvedModel, service: string): string {
  return (model.services[service]?.image ?? '').replaceAll('$$', '$').trimEnd();
}

/** Every way in which the files can be edited for this change, the best first; never empty. */
function waysTo(
  project: Project,
  findings: Findings,
  change: ImageChange,
  options: ImageEditOptions,
): Placement[] {
  const current = imageIn(project.model, change.service);
  const matching = findings.candidates.filter((candidate) => {
    const spans = spansOfCandidate(candidate, false);
    return spans !== undefined && decoded(textOf(spans)) === current;
  });
  const place = { writeEnv: options.writeEnv === true, directory: project.directory };
  const pinned = options.pin || (matching.length === 0 && current === '');
  const all = pinned
    ? [pinImage(findings, matching[0], change, project.directory)]
    : matching.map((candidate) => placeImage(candidate, findings, change, place));
  const ways = all.filter((way): way is Placement => !('code' in way));
  if (ways.length > 0) return ways;
  return refuse(all.find((way) => 'code' in way) ?? notFound(project, findings, change));
}

function notFound(project: Project, findings: Findings, change: ImageChange): Obstacle {
  const hint =
    'Write the image into compose.rewind.yml with --override, or into the service itself with --pin';
  const remote = findings.remote[0];
  if (project.files.includes('-')) {
    return {
      code: 'IMAGE_FROM_STDIN',
      message: `the image of ${change.service} comes from standard input`,
      hint,
    };
  }
  if (remote !== undefined) {
    return {
      code: 'IMAGE_FROM_REMOTE',
      message: `the image of ${change.service} comes from ${remote}, which is not a file on this host`,
      hint,
    };
  }
  return {
    code: 'IMAGE_SOURCE_NOT_FOUND',
    message: `no file was found that supplies the image of ${change.service}`,
    hint,
  };
}

function digestNote(project: Project, change: ImageChange): string[] {
  const before = tryParseReference(imageIn(project.model, change.service));
  const after = tryParseReference(change.image);
  if (before?.digest === undefined || !after) return [];
  return [
    after.digest === undefined
      ? `${change.service}: digest dropped`
      : `${change.service}: tag and digest moved together`,
  ];
}

async function predicted(
  project: Project,
  plan: ImageEditPlan,
  sources: SourceFiles,
  runner: Runner,
): Promise<ResolvedModel> {
  const build = (): ShadowFiles => shadowFiles(plan.files, sources);
  const directories = [
    project.directory,
    ...project.files.filter((file) => file !== '-').map((file) => dirname(file)),
  ];
  try {
    return await resolveShadow(project, plan.options, build, runner, directories);
  } catch (error) {
    if (!(error instanceof RewindError)) throw error;
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
}

/** The edited files under every path by which Compose gets to them. */
function shadowFiles(edits: readonly FileEdit[], sources: SourceFiles): ShadowFiles {
  const files = new Map<string, Buffer>();
  for (const edit of edits) {
    if (edit.create) {
      files.set(join(edit.path), edited(edit, Buffer.alloc(0)));
      continue;
    }
    for (const file of sources.all().filter((each) => each.real === edit.path)) {
      const before = Buffer.from('\xEF\xBB\xBF'.slice(0, file.bom) + file.text, 'latin1');
      files.set(file.path, edited(edit, before));
    }
  }
  return files;
}

function unreachable(project: Project, missed: readonly ImageChange[], after: ResolvedModel): RewindError {
  const [first] = missed as [ImageChange];
  return new RewindError(
    'IMAGE_NOT_REACHED',
    `editing the place that seems to supply the image of ${first.service} does not give ${first.image}; nothing was changed`,
    {
      exit: 'refused',
      hint: 'Write the image into the service with --pin, or into compose.rewind.yml with --override',
      details: missed.map(
        (change) =>
          `${change.service}: ${imageIn(project.model, change.service) || '(none)'} → ${imageIn(after, change.service) || '(none)'}, wanted ${change.image}`,
      ),
    },
  );
}
