import { engineError } from '../../docker/engine-error.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';

/** Stop containers of a service that the Compose files are about to lose; they keep what is in them. */
export interface StopContainers extends StepBase {
  kind: 'stop-containers';
  /** By id. */
  containers: readonly string[];
}

export async function stopContainers(step: StopContainers, context: StepContext): Promise<void> {
  const result = await context.runner.run(['docker', 'container', 'stop', ...step.containers], {
    signal: context.signal,
  });
  if (result.exitCode === 0 || context.signal.aborted) return;
  const error = engineError(result, `stopping ${step.resource}`);
  throw new RewindError(error.code, error.message, { details: error.details, cause: error });
}
