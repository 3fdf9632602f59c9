import type { Project } from '../project.ts';
import { releasedServices, type RewindConfig } from '../rewind-config.ts';
import type { Effect } from './types.ts';

/** The effects that `--yes` does not cover: all but those on images of released services. */
export function effectsBeyondYes(
  effects: readonly Effect[],
  project: Pick<Project, 'model'>,
  config: RewindConfig,
): Effect[] {
  const released = new Set(releasedServices(project.model, config));
  return effects.filter(
    (effect) => effect.kind !== 'image' || effect.service === undefined || !released.has(effect.service),
  );
}
