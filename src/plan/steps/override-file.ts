import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComposeOptions } from '../../compose/options.ts';
import { withOverride } from '../../docker/compose.ts';
import type { StepContext } from './context.ts';

/** Compose options under which the services have these images, without touching the project's files. */
export async function withImages(
  context: StepContext,
  name: string,
  images: Readonly<Record<string, string>>,
): Promise<ComposeOptions> {
  const path = join(context.workDirectory, `${name}.json`);
  const services = Object.fromEntries(
    Object.entries(images).map(([service, image]) => [service, { image: image.replaceAll('$', '$$$$') }]),
  );
  // JSON is YAML; nothing has to be quoted by hand.
  await writeFile(path, JSON.stringify({ services }), { mode: 0o600 });
  return withOverride(context.scope, path);
}
