import { answerLines, jsonAnswer } from './answer.ts';
import { engineError, isUnreachable } from './engine-error.ts';
import type { Argv, Runner } from './runner.ts';

export const inspectVolumeArgv = (name: string): Argv => ['docker', 'volume', 'inspect', name];
export const removeVolumeArgv = (name: string): Argv => ['docker', 'volume', 'rm', name];

export function createVolumeArgv(name: string, labels: Readonly<Record<string, string>>): Argv {
  return [
    'docker', 'volume', 'create',
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    name,
  ]; // prettier-ignore
}

/** Running containers, of any project, that mount a volume. */
export const volumeUsersArgv = (name: string): Argv => [
  'docker', 'ps', '--filter', `volume=${name}`, '--format', '{{.Names}}',
]; // prettier-ignore

/** The names of the running containers that mount a volume. */
export async function volumeUsers(runner: Runner, name: string): Promise<string[]> {
  const result = await runner.run(volumeUsersArgv(name));
  if (result.exitCode !== 0) throw engineError(result, `looking who mounts the volume ${name}`);
  return answerLines(result.stdout, `who mounts the volume ${name}`);
}

/** A volume in the engine. */
export interface Volume {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** Undefined where the engine has no such volume: it must be looked up, since mounting a missing one makes it. */
export async function inspectVolume(runner: Runner, name: string): Promise<Volume | undefined> {
  const result = await runner.run(inspectVolumeArgv(name));
  if (result.exitCode !== 0) {
    if (isUnreachable(result) || !/no such volume/i.test(result.stderr)) throw engineError(result);
    return undefined;
  }
  const [volume] = jsonAnswer<{ Name: string; Labels: Record<string, string> | null }[]>(
    result.stdout,
    `the volume ${name}`,
  );
  return volume === undefined ? undefined : { name: volume.Name, labels: volume.Labels ?? {} };
}
