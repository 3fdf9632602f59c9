import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { dockerConfig, ROOT, run, type RunSettings } from '../e2e/installed.ts';
import { endpoint } from './endpoint.ts';

/** Another user of this host, with docker rewind installed where everybody may run it. */
export interface OtherUser {
  name: string;
  /** For everything that this user runs. */
  settings: Required<Pick<RunSettings, 'env'>> & Pick<RunSettings, 'as'>;
  /** Gives this user a file or directory. */
  give(...paths: string[]): void;
}

/**
 * `nobody`, in the group of the engine's socket. Tests that do not run as root cannot become anybody else: they are on
 * their own then.
 */
export async function otherUser(user = 'nobody'): Promise<OtherUser> {
  if (process.getuid?.() !== 0) return { name: userInfo().username, settings: { env: {} }, give: () => {} };
  const { stdout } = await run('id', ['-u', user]);
  const as = { uid: Number(stdout), gid: await socketGroup() };
  const home = mkdtempSync(join(tmpdir(), 'docker-rewind-other-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  chmodSync(home, 0o755);
  // The checkout may lie where nobody else can enter.
  const copy = join(home, 'package');
  mkdirSync(join(copy, 'node_modules/.bin'), { recursive: true });
  for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  taken(process.execPath, join(copy, 'node_modules/.bin/node'));
  const plugins = join(home, 'config/cli-plugins');
  mkdirSync(plugins, { recursive: true });
  symlinkSync(join(copy, 'bin/docker-rewind'), join(plugins, 'docker-rewind'));
  const compose = join(await dockerConfig(), 'cli-plugins/docker-compose');
  if (existsSync(compose)) taken(compose, join(plugins, 'docker-compose'));
  chownSync(join(home, 'config'), as.uid, as.gid);
  return {
    name: user,
    settings: {
      as,
      env: { DOCKER_CONFIG: join(home, 'config'), HOME: home, SUDO_USER: undefined, USER: user },
    },
    give: (...paths) => paths.forEach((path) => chownSync(path, as.uid, as.gid)),
  };
}

async function socketGroup(): Promise<number> {
  const host = await endpoint();
  return host.startsWith('unix://') ? statSync(host.slice('unix://'.length)).gid : 0;
}

/** A program under another path: linked where that is possible. */
function taken(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to, { dereference: true });
  }
}
