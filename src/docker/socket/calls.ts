import type { Argv, RunResult } from '../runner.ts';
import { NAMES_AND_MOUNTS } from '../volumes.ts';
import type { SocketAnswer } from './engine-socket.ts';
import { pairs, readFlags, type Flags } from './flags.ts';

/** Asks the engine; `path` is behind the API's version. */
export type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<SocketAnswer>;

/**
 * Gives what docker would have printed, or how it would have ended; undefined for every other answer but a good one, which is
 * docker's to put into words.
 */
export type SocketCall = (ask: Ask) => Promise<string | RunResult | undefined>;

/**
 * What docker would ask the engine for a command line, where that is known here; undefined for all others. Only what may
 * be done again through docker, whatever came of it here: questions, and what leaves alone what is as it should be.
 */
export function socketCall(argv: Argv): SocketCall | undefined {
  const [, first = '', second = '', ...rest] = argv;
  if (first === 'ps') return containers([second, ...rest].filter((word) => word !== ''));
  switch (`${first} ${second}`) {
    case 'container inspect':
      return inspect(rest, (name) => `/containers/${name}/json`);
    case 'container start':
      return startContainers(rest);
    case 'container stop':
      return stopContainers(rest);
    case 'image inspect':
      return inspect(rest, (name) => `/images/${name}/json`);
    case 'volume inspect':
      return inspect(rest, (name) => `/volumes/${name}`);
    case 'volume ls':
      return volumes(rest);
    case 'volume create':
      return createVolume(rest);
    case 'volume rm':
      return removeVolume(rest);
    default:
      return undefined;
  }
}

// Names of containers, volumes and images, and their IDs: nothing that would have to be escaped in a path.
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:@/-]*$/;

const arePlain = (names: readonly string[]): boolean =>
  names.length > 0 && names.every((name) => PLAIN_NAME.test(name) && !name.includes('..'));

function inspect(names: readonly string[], path: (name: string) => string): SocketCall | undefined {
  if (!arePlain(names)) return undefined;
  return async (ask) => {
    const answers = await Promise.all(names.map((name) => ask('GET', path(name))));
    const [first] = answers;
    if (first?.status === 404 && answers.length === 1) return notThere(first.body);
    return answers.every(({ status }) => status === 200)
      ? `[${answers.map(({ body }) => body.trim()).join(',')}]\n`
      : undefined;
  };
}

/** That something is not there is the answer that a deployment of a new image hopes for; of several, docker says which. */
function notThere(body: string): RunResult | undefined {
  const { message } = JSON.parse(body) as { message?: unknown };
  if (typeof message !== 'string' || !/no such/i.test(message)) return undefined;
  return { exitCode: 1, stdout: '[]\n', stderr: `Error response from daemon: ${message}\n` };
}

// 304: it runs, or is stopped, already.
const isDone = ({ status }: SocketAnswer): boolean => status === 204 || status === 304;

/** One after the other, as docker does. */
function startContainers(ids: readonly string[]): SocketCall | undefined {
  if (!arePlain(ids)) return undefined;
  return async (ask) => {
    for (const id of ids) if (!isDone(await ask('POST', `/containers/${id}/start`))) return undefined;
    return lines(ids);
  };
}

/** All at once, as docker does. */
function stopContainers(ids: readonly string[]): SocketCall | undefined {
  if (!arePlain(ids)) return undefined;
  return async (ask) => {
    const answers = await Promise.all(ids.map((id) => ask('POST', `/containers/${id}/stop`)));
    return answers.every(isDone) ? lines(ids) : undefined;
  };
}

const lines = (words: readonly string[]): string => words.map((word) => `${word}\n`).join('');

interface Listed {
  Id: string;
  Names: string[];
  Mounts: { Name?: string; Source?: string }[];
}

function containers(words: readonly string[]): SocketCall | undefined {
  const flags = readFlags(words, ['--all', '--quiet', '--no-trunc'], ['--filter', '--format']);
  if (flags === undefined || flags.words.length > 0 || !flags.switches.has('--no-trunc')) return undefined;
  const format = flags.values.get('--format')?.[0];
  if (flags.switches.has('--quiet') ? format !== undefined : format !== NAMES_AND_MOUNTS) return undefined;
  const filters = filtersOf(flags);
  if (filters === undefined) return undefined;
  const path = `/containers/json?all=${flags.switches.has('--all')}&filters=${filters}`;
  return async (ask) => {
    const { status, body } = await ask('GET', path);
    if (status !== 200) return undefined;
    const listed = JSON.parse(body) as Listed[];
    return lines(listed.map((one) => (format === undefined ? one.Id : `${namesOf(one)}\t${mountsOf(one)}`)));
  };
}

// As docker's own templates print them.
const namesOf = ({ Names }: Listed): string => Names.map((name) => name.replace(/^\//, '')).join(',');
const mountsOf = ({ Mounts }: Listed): string => Mounts.map((mount) => mount.Name || mount.Source).join(',');

function volumes(words: readonly string[]): SocketCall | undefined {
  const flags = readFlags(words, ['--quiet'], ['--filter']);
  if (flags === undefined || flags.words.length > 0 || !flags.switches.has('--quiet')) return undefined;
  const filters = filtersOf(flags);
  if (filters === undefined) return undefined;
  return async (ask) => {
    const answer = await ask('GET', `/volumes?filters=${filters}`);
    if (answer.status !== 200) return undefined;
    const { Volumes } = JSON.parse(answer.body) as { Volumes: { Name: string }[] | null };
    return lines((Volumes ?? []).map(({ Name }) => Name));
  };
}

function createVolume(words: readonly string[]): SocketCall | undefined {
  const flags = readFlags(words, [], ['--driver', '--opt', '--label']);
  const [name] = flags?.words ?? [];
  if (flags === undefined || name === undefined || flags.words.length > 1) return undefined;
  const body = {
    Name: name,
    Driver: flags.values.get('--driver')?.[0] ?? 'local',
    DriverOpts: pairs(flags.values.get('--opt')),
    Labels: pairs(flags.values.get('--label')),
  };
  return async (ask) =>
    (await ask('POST', '/volumes/create', body)).status === 201 ? lines([name]) : undefined;
}

function removeVolume(words: readonly string[]): SocketCall | undefined {
  if (words.length !== 1 || !arePlain(words)) return undefined;
  return async (ask) => (isDone(await ask('DELETE', `/volumes/${words[0]}`)) ? lines(words) : undefined);
}

/** The query for `--filter NAME=VALUE`; undefined where one is not of that form. */
function filtersOf(flags: Flags): string | undefined {
  const filters: Record<string, string[]> = {};
  for (const filter of flags.values.get('--filter') ?? []) {
    const at = filter.indexOf('=');
    if (at < 1) return undefined;
    (filters[filter.slice(0, at)] ??= []).push(filter.slice(at + 1));
  }
  return encodeURIComponent(JSON.stringify(filters));
}
