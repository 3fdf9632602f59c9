import { buildArgv } from '../../docker/compose.ts';
import { isUnreachable, engineError, lastLine } from '../../docker/engine-error.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import { withImages } from './override-file.ts';

/** `docker compose build` of some services, each result named as `images` says. */
export interface BuildImages extends StepBase {
  kind: 'build-images';
  images: Readonly<Record<string, string>>;
}

export async function build(step: BuildImages, context: StepContext): Promise<void> {
  const options = await withImages(context, 'build', step.images);
  const result = await context.runner.run(buildArgv(options, Object.keys(step.images)), {
    cwd: context.scope.cwd,
    signal: context.signal,
    onLine: context.onLine,
  });
  if (result.exitCode === 0) return;
  if (isUnreachable(result)) throw engineError(result);
  throw new RewindError('BUILD_FAILED', `docker compose build failed: ${lastLine(result)}`, {
    details: `${result.stdout}\n${result.stderr}`
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-15),
    hint: 'Mend the build and deploy again; nothing was changed',
  });
}
