import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from './project.ts';

/** What a deploy that is taken back must leave as it was: the file to the byte, and what runs. */
export async function worldOf(
  project: TestProject,
  services: readonly string[] = ['web'],
  file = 'compose.yml',
) {
  const { mode, uid, gid } = statSync(project.path(file));
  const containers = await Promise.all(
    services.map(async (service) =>
      (await project.containers(service)).map(({ imageId, status, health }) => ({
        service,
        imageId,
        status,
        health,
      })),
    ),
  );
  return { text: project.read(file), mode, uid, gid, containers: containers.flat() };
}

/** The IDs of the containers of some services. */
export async function containerIds(project: TestProject, ...services: string[]): Promise<string[]> {
  const containers = await Promise.all(services.map((service) => project.containers(service)));
  return containers.flat().map((container) => container.id);
}

/** The names in `.rewind` of what must not outlive a command: the lock, its forerunners, journals. */
export function leftovers(project: TestProject): string[] {
  const names = (path: string): string[] => {
    try {
      return readdirSync(project.path(path));
    } catch {
      return [];
    }
  };
  return [...names('.rewind').filter((name) => name.startsWith('lock')), ...names('.rewind/journal')];
}

/** The volumes of the engine that stand for locks of the project. */
export async function locksOnEngine(project: TestProject): Promise<string[]> {
  const filter = `label=docker-rewind.lock=${project.name}`;
  const { stdout } = await project.docker(['volume', 'ls', '--quiet', '--filter', filter]);
  return stdout.split('\n').filter((name) => name !== '');
}

/** What the journal of the running command says so far; empty before it begins. */
export function journalOf(project: TestProject): string {
  const [id] = leftovers(project).filter((name) => /^[0-9]{8}T/.test(name));
  if (id === undefined) return '';
  try {
    return readFileSync(project.path(`.rewind/journal/${id}/progress.jsonl`), 'utf8');
  } catch {
    return '';
  }
}

/** Waits for a condition of the world. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 90_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
  }
}

/** Waits until a container of the service runs this image, healthy or not. */
export function untilRuns(project: TestProject, image: string, service = 'web'): Promise<void> {
  return until(`a container of ${image}`, async () =>
    (await project.containers(service)).some((entry) => entry.image === image && entry.status === 'running'),
  );
}

/** Stops the command that is at work in a project, for as long as something else is done: alive, and not going on. */
export function whileItStands<T>(project: TestProject, work: () => Promise<T>): Promise<T> {
  return whileStopped((JSON.parse(project.read('.rewind/lock')) as { pid: number }).pid, work);
}

/** The same for any process. */
export async function whileStopped<T>(pid: number, work: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
