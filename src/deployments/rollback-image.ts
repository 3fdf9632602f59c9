import { formatReference, tryParseReference } from '../compose/reference.ts';
import { inspectImage } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import type { Step } from '../plan/steps/index.ts';
import type { DeployedService } from './deployment.ts';
import type { Observation } from './observation.ts';
import { mutability } from './targets.ts';

/** How the recorded image of a service is reached again. */
export interface RecordedImage {
  /** The reference to write into the Compose files. */
  image: string;
  /** What must run; undefined where only a digest is known, until it is pulled. */
  imageId?: string;
  /** What has to be done before anything is touched. */
  steps: Step[];
  /** A tag that the steps set, to take back on failure. */
  tagged?: { image: string; imageId: string | null };
  /** What the person should know: the tag moved, the digest is used. */
  note?: string;
}

/**
 * The recorded image, by its tag where that still names it, else by digest or image ID. Undefined where it is not on
 * this host and was never in a registry.
 */
export async function reachImage(
  runner: Runner,
  recorded: DeployedService,
  { config, images }: Pick<Observation, 'config' | 'images'>,
): Promise<RecordedImage | undefined> {
  const { image, digest, imageId } = recorded;
  const pinned = pinnedReference(image, digest);
  const tagged = images.has(image) ? images.get(image) : await inspectImage(runner, image);
  const movable = mutability(image, config) !== undefined;
  if (tagged !== undefined && tagged.id === imageId && !(movable && pinned !== undefined)) {
    return { image, imageId, steps: [] };
  }
  const here = imageId === null ? undefined : await inspectImage(runner, imageId);
  const why = movable ? `${image} may be moved at any time` : `${image} names another image now`;
  if (here !== undefined && imageId !== null) {
    const known = pinned !== undefined && (await inspectImage(runner, pinned))?.id === imageId;
    if (known)
      return { image: pinned, imageId, steps: [], note: `${why}; the recorded digest is used: ${pinned}` };
    // A tag that names nothing (its image was pruned from under it, or untagged) can simply be set again.
    const name = tagged === undefined ? image : contentTag(image, imageId);
    const before = name === image ? undefined : await inspectImage(runner, name);
    return {
      image: name,
      imageId,
      steps:
        before?.id === imageId
          ? []
          : [
              {
                kind: 'tag-image',
                resource: name,
                reason: 'the recorded image has no name of its own any more',
                source: imageId,
                target: name,
              },
            ],
      tagged: { image: name, imageId: before?.id ?? null },
      note:
        tagged === undefined
          ? `${image} had lost its tag; it is set again`
          : `${why}; the recorded image is used as ${name}`,
    };
  }
  if (pinned === undefined) return undefined;
  return {
    image: pinned,
    ...(imageId === null ? {} : { imageId }),
    steps: [
      {
        kind: 'pull-image',
        resource: pinned,
        reason: 'it is not on this host any more',
        image: pinned,
        orLocal: false,
      },
    ],
    note: `${image} is not on this host any more; the recorded digest is pulled`,
  };
}

/** `name:tag@digest`; undefined without a digest. */
function pinnedReference(image: string, digest: string | null): string | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined || digest === null) return undefined;
  return formatReference({ ...reference, digest });
}

/** A tag that says which bytes it is: the recorded tag and the first twelve digits of the image ID. */
function contentTag(image: string, imageId: string): string {
  const reference = tryParseReference(image);
  const hex = imageId.replace(/^sha256:/, '').slice(0, 12);
  if (reference === undefined) return image;
  const tag = reference.tag === undefined ? hex : `${reference.tag.slice(0, 115)}-${hex}`;
  return formatReference({ name: reference.name, tag });
}
