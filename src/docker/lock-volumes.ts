import { answerLines, jsonAnswer } from './answer.ts';
import { engineError } from './engine-error.ts';
import type { Argv, Runner } from './runner.ts';
import { createVolumeArgv, deleteVolume } from './volumes.ts';

/** An empty volume that says who is at work on a project of this engine; the engine knows nothing else that can carry a note. */
export interface LockVolume {
  name: string;
  project: string;
  /** What its maker wrote; may be anything. */
  holder: string;
}

const PROJECT_LABEL = 'docker-rewind.lock';
const HOLDER_LABEL = 'docker-rewind.lock-holder';

/** All of them, or those of one project. */
export function listLockVolumesArgv(project?: string): Argv {
  const filter = project === undefined ? PROJECT_LABEL : `${PROJECT_LABEL}=${project}`;
  return ['docker', 'volume', 'ls', '--quiet', '--filter', `label=${filter}`];
}

export async function createLockVolume(runner: Runner, volume: LockVolume): Promise<void> {
  const labels = {
    [PROJECT_LABEL]: volume.project,
    // Some versions of docker cut labels at commas when they list them.
    [HOLDER_LABEL]: Buffer.from(volume.holder).toString('base64url'),
  };
  const result = await runner.run(createVolumeArgv(volume.name, labels), { shielded: true });
  if (result.exitCode !== 0) throw engineError(result, 'making the lock volume');
}

// Cut off, the engine would go on with what nobody waits for: a lock would come after it was taken away.

/** Harmless where it is gone. */
export async function removeLockVolume(runner: Runner, name: string): Promise<void> {
  await deleteVolume(runner, name, { shielded: true });
}

/** `known`: names that need not be looked at. */
export async function listLockVolumes(
  runner: Runner,
  project?: string,
  known: readonly string[] = [],
): Promise<LockVolume[]> {
  for (;;) {
    const listed = await runner.run(listLockVolumesArgv(project));
    if (listed.exitCode !== 0) throw engineError(listed, 'looking for lock volumes');
    const names = answerLines(listed.stdout, 'the lock volumes').filter((name) => !known.includes(name));
    if (names.length === 0) return [];
    const inspected = await runner.run(['docker', 'volume', 'inspect', ...names]);
    if (inspected.exitCode === 0) {
      return jsonAnswer<{ Name: string; Labels: Record<string, string> | null }[]>(
        inspected.stdout,
        'the lock volumes',
      ).map(({ Name, Labels }) => ({
        name: Name,
        project: Labels?.[PROJECT_LABEL] ?? '',
        holder: Buffer.from(Labels?.[HOLDER_LABEL] ?? '', 'base64url').toString(),
      }));
    }
    // One that was removed between the two calls: ask again.
    if (!/no such volume/i.test(inspected.stderr)) throw engineError(inspected, 'looking at lock volumes');
  }
}
