import type { ContainerFiles } from './container.ts';
import type { LiveServer } from './live-server.ts';
import { EXISTS, GET, PUT } from './scripts.ts';

/** What the live server was set to before it was made a replica for a moment. */
export interface Settings {
  /** By name; undefined for what this server does not know. */
  values: Readonly<Record<string, string>>;
  /** It had no password for a primary, so it was told one. */
  noPrimaryPassword: boolean;
  /** It keeps an RDB file: it is told to, or has one. One that only the restore left is taken away. */
  keepsFile: boolean;
}

/**
 * What the way in needs: the RDB file is sent at once, arrives as the server's own file, over the loopback, and nobody
 * writes to a replica.
 */
const NEEDED: Readonly<Record<string, string>> = {
  'repl-diskless-sync-delay': '0',
  'repl-diskless-load': 'disabled',
  'replica-read-only': 'yes',
  'tls-replication': 'no',
};

const FILE = 'settings.json';

/** Notes how things are, once: what a second run finds may be our own. */
export async function noteSettings(
  live: LiveServer,
  files: ContainerFiles,
  staging: string,
  staged: ReadonlySet<string>,
): Promise<void> {
  if (staged.has(FILE)) return;
  const values: Record<string, string> = {};
  for (const name of Object.keys(NEEDED)) {
    const value = await live.session.setting(name);
    if (value !== undefined) values[name] = value;
  }
  const saves = ((await live.session.setting('save')) ?? '') !== '';
  const exists =
    (await files.ask(EXISTS, [live.directory, live.dumpFile], 'looking at the RDB file')) === 'yes';
  const settings: Settings = {
    values,
    noPrimaryPassword: ((await live.session.setting('masterauth')) ?? '') === '',
    keepsFile: saves || exists,
  };
  await files.feed(PUT, [staging, FILE], JSON.stringify(settings), 'writing beside the live data');
}

/** What was noted; undefined where nothing was. */
export async function notedSettings(
  files: ContainerFiles,
  staging: string,
  staged: ReadonlySet<string>,
): Promise<Settings | undefined> {
  if (!staged.has(FILE)) return undefined;
  return JSON.parse(await files.ask(GET, [staging, FILE], 'reading beside the live data')) as Settings;
}

export async function applyNeeded(live: LiveServer, settings: Settings): Promise<void> {
  for (const name of Object.keys(settings.values))
    await set(live, name, NEEDED[name] ?? '', settings.values[name]);
}

export async function putBack(live: LiveServer, settings: Settings): Promise<void> {
  for (const [name, value] of Object.entries(settings.values)) {
    if ((await live.session.setting(name)) !== value) await live.session.ask('CONFIG', 'SET', name, value);
  }
  if (settings.noPrimaryPassword) await live.session.ask('CONFIG', 'SET', 'masterauth', '');
}

async function set(live: LiveServer, name: string, needed: string, value: string | undefined): Promise<void> {
  if (value !== needed) await live.session.ask('CONFIG', 'SET', name, needed);
}
