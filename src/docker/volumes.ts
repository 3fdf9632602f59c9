import { answerLines, jsonAnswer } from './answer.ts';
import { engineError, isUnreachable } from './engine-error.ts';
import type { Argv, Runner, RunOptions } from './runner.ts';

export const inspectVolumesArgv = (names: readonly string[]): Argv => [
  'docker',
  'volume',
  'inspect',
  ...names,
];
const removeVolumeArgv = (name: string): Argv => ['docker', 'volume', 'rm', name];

/** What Compose gives a volume that it makes. */
export interface VolumeDriver {
  driver?: string;
  /** `driver_opts` */
  options?: Readonly<Record<string, string>>;
}

export function createVolumeArgv(
  name: string,
  labels: Readonly<Record<string, string>>,
  { driver, options = {} }: VolumeDriver = {},
): Argv {
  return [
    'docker', 'volume', 'create',
    ...(driver === undefined ? [] : ['--driver', driver]),
    ...Object.entries(options).flatMap(([key, value]) => ['--opt', `${key}=${value}`]),
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    name,
  ]; // prettier-ignore
}

export const NAMES_AND_MOUNTS = '{{.Names}}\t{{.Mounts}}';

/** Running containers, of any project, that mount one of the volumes, with everything that each mounts. */
export const volumeUsersArgv = (names: readonly string[]): Argv => [
  'docker', 'ps', '--no-trunc', ...names.flatMap((name) => ['--filter', `volume=${name}`]),
  '--format', NAMES_AND_MOUNTS,
]; // prettier-ignore

/** Harmless where it is gone. */
export async function deleteVolume(runner: Runner, name: string, options: RunOptions = {}): Promise<void> {
  const result = await runner.run(removeVolumeArgv(name), options);
  if (result.exitCode !== 0 && !/no such volume/i.test(result.stderr))
    throw engineError(result, `removing the volume ${name}`);
}

/** By volume: the names of the running containers that mount it. One question, however many volumes. */
export async function volumeUsers(
  runner: Runner,
  names: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const users = new Map<string, string[]>(names.map((name) => [name, []]));
  if (names.length === 0) return users;
  const about = `who mounts ${names.join(', ')}`;
  const result = await runner.run(volumeUsersArgv(names));
  if (result.exitCode !== 0) throw engineError(result, `looking ${about}`);
  for (const line of answerLines(result.stdout, about)) {
    const [container = '', mounts = ''] = line.split('\t');
    for (const mount of mounts.split(',')) users.get(mount)?.push(container);
  }
  return users;
}

/** A volume in the engine. */
export interface Volume {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/**
 * By name, those volumes that the engine has: they must be looked up, since mounting a missing one makes it. One question,
 * however many volumes.
 */
export async function inspectVolumes(
  runner: Runner,
  names: readonly string[],
): Promise<ReadonlyMap<string, Volume>> {
  if (names.length === 0) return new Map();
  const result = await runner.run(inspectVolumesArgv(names));
  if (result.exitCode !== 0 && (isUnreachable(result) || !onlyMissing(result.stderr)))
    throw engineError(result);
  const found = jsonAnswer<{ Name: string; Labels: Record<string, string> | null }[]>(
    result.stdout,
    `the volumes ${names.join(', ')}`,
  );
  return new Map(found.map(({ Name: name, Labels: labels }) => [name, { name, labels: labels ?? {} }]));
}

/** Undefined where the engine has no such volume. */
export async function inspectVolume(runner: Runner, name: string): Promise<Volume | undefined> {
  return (await inspectVolumes(runner, [name])).get(name);
}

/** The engine says one line for each volume that is missing. */
function onlyMissing(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line !== '');
  return lines.length > 0 && lines.every((line) => /no such volume/i.test(line));
}
