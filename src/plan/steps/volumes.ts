import { engineError } from '../../docker/engine-error.ts';
import { createVolumeArgv, deleteVolume, inspectVolume, type VolumeDriver } from '../../docker/volumes.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';

/** Make a volume that is not there. */
export interface CreateVolume extends StepBase {
  kind: 'create-volume';
  name: string;
  labels: Readonly<Record<string, string>>;
  /** The engine's default without it. */
  driver?: VolumeDriver;
}

/** Remove the volume that CreateVolume made; one with another mark is somebody else's and stays. */
export interface RemoveVolume extends StepBase {
  kind: 'remove-volume';
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** The label that says which execution made a volume. */
export const MADE_BY = 'docker-rewind.made-by';

export async function createVolume(step: CreateVolume, context: StepContext): Promise<void> {
  if ((await inspectVolume(context.runner, step.name)) !== undefined) {
    throw new RewindError('VOLUME_EXISTS', `the volume ${step.name} exists already`, { exit: 'refused' });
  }
  const result = await context.runner.run(createVolumeArgv(step.name, step.labels, step.driver), {
    signal: context.signal,
  });
  if (result.exitCode !== 0) throw engineError(result, `making the volume ${step.name}`);
}

export async function removeVolume(step: RemoveVolume, context: StepContext): Promise<void> {
  const volume = await inspectVolume(context.runner, step.name);
  if (volume === undefined || volume.labels[MADE_BY] !== step.labels[MADE_BY]) return;
  await deleteVolume(context.runner, step.name);
}
