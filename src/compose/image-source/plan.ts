import { statSync } from 'node:fs';
import type { Runner } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { envFiles } from '../files.ts';
import type { Project, ResolvedModel } from '../project.ts';
import { parseReference, tryParseReference } from '../reference.ts';
import { fileEdits, newLineEdits } from './edits.ts';
import { Finder, type Findings } from './find.ts';
import { overrideImages } from './override-file.ts';
import type { Placement } from './place.ts';
import { Prediction } from './predict.ts';
import { isImage } from './proof.ts';
import { SourceFiles, type SourceFile } from './source-files.ts';
import type { ImageChange, ImageEditOptions, ImageEditPlan } from './types.ts';
import { projectScope } from './variables.ts';
import { imageIn, waysTo } from './ways.ts';
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
  const scope = projectScope(
    project.env,
    envFiles(project.options, project.directory, project.cwd, project.env),
    sources,
  );
  const finder = new Finder(sources, project.files, project.directory, scope);
  const reading = { sources, scope, documents: (file: SourceFile) => finder.documents(file) };
  const prediction = new Prediction(project, reading, runner);
  const findings = wanted.map((change) => finder.find(change.service));
  if (options.override) return planOverride(project, changes, wanted, sources, prediction);
  const ways = wanted.map((change, index) => waysTo(project, findings[index] as Findings, change, options));
  const chosen = wanted.map(() => 0);
  for (;;) {
    const placements = ways.map((list, index) => list[chosen[index] as number] as Placement);
    const plan = planOf(project, wanted, placements, sources);
    refuseReadOnly(plan);
    if (placements.every((placement) => placement.certain)) return plan;
    const { after, effects } = await prediction.of(plan, changes);
    const missed = changes.filter((change) => !isImage(after, change.service, change.image));
    if (missed.length === 0) return { ...plan, effects };
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
  prediction: Prediction,
): Promise<ImageEditPlan> {
  const { edits, created, notes, options } = overrideImages(project, wanted, sources);
  const plan = { files: [...fileEdits(edits), ...created], effects: [], notes, options };
  refuseReadOnly(plan);
  const { after, effects } = await prediction.of(plan, changes);
  const missed = changes.filter((change) => !isImage(after, change.service, change.image));
  if (missed.length > 0) throw unreachable(project, missed, after);
  return { ...plan, effects };
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

/** A file that nobody may write was made so on purpose; root could write it all the same. */
function refuseReadOnly(plan: ImageEditPlan): void {
  const edit = plan.files.find(({ path, create }) => !create && (statSync(path).mode & 0o222) === 0);
  if (edit === undefined) return;
  throw new RewindError(
    'READ_ONLY',
    `${edit.path} is read-only (its mode lets nobody write it); nothing was changed`,
    {
      exit: 'refused',
      hint: `Make it writable with chmod u+w ${edit.path}, or write the image into compose.rewind.yml with --override`,
    },
  );
}

function unreachable(project: Project, missed: readonly ImageChange[], after: ResolvedModel): RewindError {
  const details = missed.map(({ service, image }) => {
    const became = imageIn(after, service) || '(none)';
    return `${service}: ${imageIn(project.model, service) || '(none)'} → ${became}, wanted ${image}`;
  });
  const held = missed.find(({ service, image }) => isImage(project.model, service, image));
  if (held !== undefined) {
    return new RewindError(
      'CONFLICTING_IMAGES',
      `${held.service} is to stay at ${held.image}, but takes its image from the same place as another service; nothing was changed`,
      { exit: 'refused', hint: 'Write the images into the services themselves with --pin', details },
    );
  }
  const [first] = missed as [ImageChange];
  return new RewindError(
    'IMAGE_NOT_REACHED',
    `editing the place that seems to supply the image of ${first.service} does not give ${first.image}; nothing was changed`,
    {
      exit: 'refused',
      hint: 'Write the image into the service with --pin, or into compose.rewind.yml with --override',
      details,
    },
  );
}
