import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Config, settings, type Command, type Interfaces } from '@oclif/core';
import packageJson from '../../package.json' with { type: 'json' };

export { packageJson };

/**
 * oclif's view of this program, made from the manifest alone: no directory is searched, no other package is asked,
 * and a command's code is loaded when it runs. oclif's own search costs more than the rest of the start-up.
 */
export async function loadProgram(root: string): Promise<Config> {
  // oclif would look for TypeScript sources to run instead when NODE_ENV says "development".
  settings.enableAutoTranspile = false;
  const pjson = packageJson as unknown as Interfaces.PJSON;
  const logger = process.env['DEBUG'] === undefined ? { logger: SILENT } : {};
  const plugins = new Map([[packageJson.name, plugin(root, pjson)]]);
  return Config.load({ root, pjson, plugins, ...logger });
}

/** The commands' descriptions, as `npm run build` wrote them down. */
export function readManifest(root: string): Interfaces.Manifest {
  return JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Interfaces.Manifest;
}

function plugin(root: string, pjson: Interfaces.PJSON): Interfaces.Plugin {
  const commands = Object.values(readManifest(root).commands).map((cached) => ({
    ...cached,
    load: async (): Promise<Command.Class> => {
      const file = pathToFileURL(join(root, ...(cached.relativePath ?? []))).href;
      const { default: command } = (await import(file)) as { default: Command.Class };
      command.id = cached.id;
      return command;
    },
  }));
  const topics = Object.entries(packageJson.oclif.topics).map(([name, topic]) => ({ name, ...topic }));
  const found: Partial<Interfaces.Plugin> = {
    name: packageJson.name,
    version: packageJson.version,
    root,
    pjson,
    commands,
    topics,
    hooks: {},
    isRoot: true,
    type: 'core',
    valid: true,
  };
  return found as Interfaces.Plugin;
}

// oclif's own logger costs some milliseconds to load and says nothing unless DEBUG is set.
const silent = (): void => undefined;
const SILENT: Interfaces.Logger = {
  namespace: 'oclif',
  child: () => SILENT,
  debug: silent,
  error: silent,
  info: silent,
  trace: silent,
  warn: silent,
};
