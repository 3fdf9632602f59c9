import type { Module } from './modules.ts';
import { quote } from './reply.ts';

export interface SecondConfig {
  port: number;
  /** The staging directory. */
  directory: string;
  /** The RDB file in it. */
  file: string;
  /** The user that the live server introduces itself as to a primary; undefined: the default user. */
  user: string | undefined;
  password: string;
  databases: string;
  modules: readonly Module[];
}

/**
 * The configuration of the second server: on the loopback of the container's network, behind a password, reading one
 * file and writing nothing.
 */
export function secondConfig(config: SecondConfig): string {
  const lines = [
    ['bind', '127.0.0.1'],
    ['port', String(config.port)],
    ['protected-mode', 'yes'],
    ['daemonize', 'no'],
    ['set-proc-title', 'no'],
    ['dir', config.directory],
    ['dbfilename', config.file],
    ['save', ''],
    ['appendonly', 'no'],
    ['maxmemory', '0'],
    // A dump from elsewhere is checked to the last byte before the live server sees anything of it.
    ['sanitize-dump-payload', 'yes'],
    ['databases', config.databases],
    ['repl-diskless-sync', 'yes'],
    ['repl-diskless-sync-delay', '0'],
    ['requirepass', config.password],
    ...(config.user === undefined || config.user === 'default'
      ? []
      : [['user', config.user, 'on', `>${config.password}`, '~*', '&*', '+@all']]),
    ...config.modules
      .filter(({ path }) => path !== '')
      .map(({ path, args }) => ['loadmodule', path, ...args]),
  ];
  return lines.map((words) => `${words.map((word) => quote(word)).join(' ')}\n`).join('');
}
