import type { Project, ResolvedModel } from '../project.ts';
import type { Findings } from './find.ts';
import { pinImage } from './pin.ts';
import { placeImage, refuse, spansOfCandidate, type Obstacle, type Placement } from './place.ts';
import { decoded } from './source-files.ts';
import { textOf } from './spans.ts';
import type { ImageChange, ImageEditOptions } from './types.ts';

/** The image in the model; empty where there is none. */
export function imageIn(model: ResolvedModel, service: string): string {
  return (model.services[service]?.image ?? '').trimEnd();
}

/** Every way in which the files can be edited for this change, the best first. Refuses (exit 4) when there is none. */
export function waysTo(
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
