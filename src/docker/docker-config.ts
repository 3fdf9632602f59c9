import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DockerGlobals } from './runner.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Of docker's config.json, what changes how docker reaches its engine and its plugins. */
export interface DockerSettings {
  currentContext?: string;
  HttpHeaders?: Readonly<Record<string, string>>;
  cliPluginsExtraDirs?: readonly string[];
}

/** The user's directory of docker, as docker finds it: `--config`, DOCKER_CONFIG or ~/.docker. May be relative. */
export function dockerConfigDirectory(globals: DockerGlobals, env: Env): string {
  const flag = globals.includes('--config') ? globals[globals.lastIndexOf('--config') + 1] : undefined;
  return (flag ?? env['DOCKER_CONFIG']) || join(env['HOME'] || homedir(), '.docker');
}

/** Empty where there is no file. Throws for one that cannot be read. */
export function dockerSettings(directory: string): DockerSettings {
  try {
    return JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as DockerSettings;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
