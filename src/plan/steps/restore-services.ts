import { imageOf, resolveModel, type ResolvedModel } from '../../compose/project.ts';
import { removeArgv, stopArgv, upArgv } from '../../docker/compose.ts';
import {
  byService,
  isRunning,
  listContainers,
  removeContainersArgv,
  type ContainerState,
} from '../../docker/containers.ts';
import { engineError } from '../../docker/engine-error.ts';
import { inspectImages } from '../../docker/images.ts';
import type { Argv } from '../../docker/runner.ts';
import { RewindError } from '../../errors.ts';
import type { StepBase, StepContext } from './context.ts';
import { endedForNothing, settle } from './settle.ts';
import { withImages } from './override-file.ts';
import { awaitPendingStops } from './pending-stops.ts';
import { lastWords } from './last-words.ts';

/**
 * Bring services back to the containers that were observed before the plan began: as many, with the same images,
 * running or stopped as they were, healthy where they were healthy. Services that are as they were are left alone.
 */
export interface RestoreServices extends StepBase {
  kind: 'restore-services';
  /** The containers of each service as observed; an empty list: the service had none. */
  services: Readonly<Record<string, readonly ContainerState[]>>;
  /** Leave their dependencies alone even where Compose would replace them. */
  isolated: boolean;
}

export async function restoreServices(step: RestoreServices, context: StepContext): Promise<void> {
  await awaitPendingStops(
    context,
    new Set(Object.values(step.services).flatMap((each) => each.map(({ id }) => id))),
  );
  await removeHalfMade(step, context);
  const now = byService(await listContainers(context.runner, context.scope.project));
  const changed = Object.entries(step.services).filter(
    ([service, before]) => !isSame(before, now.get(service) ?? []),
  );
  if (changed.length === 0) return;

  const absent = changed.filter(([, before]) => before.length === 0).map(([service]) => service);
  const present = changed.filter(([, before]) => before.length > 0);
  if (absent.length > 0)
    await compose(context, removeArgv(context.scope.options, absent), `removing ${absent.join(', ')}`);
  if (present.length === 0) return;

  const { options, model } = await optionsForImages(context, present);
  const groups = {
    waited: present.filter(([, before]) => before.some(isRunning) && before.every(wasWell)),
    started: present.filter(([, before]) => before.some(isRunning) && !before.every(wasWell)),
    stopped: present.filter(([, before]) => !before.some(isRunning)),
  };
  for (const [name, group] of Object.entries(groups)) {
    const services = group.map(([service]) => service);
    if (services.length === 0) continue;
    // Without --no-deps Compose counts their dependencies, too.
    const counted = step.isolated ? group : Object.entries(step.services);
    const scale = Object.fromEntries(
      counted
        .filter(([service, before]) => before.length > 0 && before.length !== replicas(model, service))
        .map(([service, before]) => [service, before.length]),
    );
    const noStart = name === 'stopped';
    if (noStart) await compose(context, stopArgv(options, services), `stopping ${services.join(', ')}`);
    await compose(
      context,
      upArgv(options, { services, scale, wait: name === 'waited', noStart, isolated: step.isolated }),
      `bringing ${services.join(', ')} back`,
      services,
    );
  }
  await verify(context, present);
}

/**
 * Compose makes a new container beside the old one, under another name, before it stops that. Cut off in between it
 * would take the new one for the present one next time, and fail because the name is taken. Where the old one is gone
 * already the new one has its anonymous volumes, and stays.
 */
async function removeHalfMade(step: RestoreServices, context: StepContext): Promise<void> {
  const now = await listContainers(context.runner, context.scope.project);
  const before = new Set(
    Object.values(step.services).flatMap((list) => list.map((container) => container.id)),
  );
  const old = new Set(now.filter(({ id }) => before.has(id)).map(replica));
  const halfMade = now.filter(
    (container) => container.status === 'created' && !before.has(container.id) && old.has(replica(container)),
  );
  if (halfMade.length === 0) return;
  const ids = halfMade.map((container) => container.id);
  const result = await context.runner.run(removeContainersArgv(ids));
  if (result.exitCode !== 0 && !/no such container/i.test(result.stderr))
    throw engineError(result, `removing ${halfMade.map((container) => container.name).join(', ')}`);
}

const replica = (container: ContainerState): string => `${container.service} ${container.number}`;

/** Compose's replica count of a service. */
export function replicas(model: ResolvedModel, service: string): number {
  const entry = model.services[service];
  return entry?.deploy?.replicas ?? entry?.scale ?? 1;
}

function isSame(before: readonly ContainerState[], now: readonly ContainerState[]): boolean {
  const line = (container: ContainerState): string =>
    `${container.id} ${isRunning(container)} ${container.health === 'unhealthy'}`;
  return before.length === now.length && before.map(line).sort().join() === now.map(line).sort().join();
}

/** A container that can be waited for: it had no health check, or was healthy. */
function wasWell(container: ContainerState): boolean {
  return container.status === 'running' && (container.health === undefined || container.health === 'healthy');
}

/**
 * The files are back by now; where they no longer name the image that ran (somebody had edited them, or a tag moved),
 * an override for this one call names it.
 */
async function optionsForImages(
  context: StepContext,
  present: readonly (readonly [string, readonly ContainerState[]])[],
) {
  const { scope, runner } = context;
  const model = await resolveModel(runner, scope.options, scope.cwd);
  const project = { name: scope.project, model };
  const images = await inspectImages(
    runner,
    present.flatMap(([service, before]) => [
      imageOf(project, service),
      ...before.map((container) => container.image),
    ]),
  );
  const overrides: Record<string, string> = {};
  for (const [service, before] of present) {
    const [container] = before;
    if (container === undefined) continue;
    if (images.get(imageOf(project, service))?.id === container.imageId) continue;
    overrides[service] =
      images.get(container.image)?.id === container.imageId ? container.image : container.imageId;
  }
  const options =
    Object.keys(overrides).length === 0 ? scope.options : await withImages(context, 'restore', overrides);
  return { options, model };
}

async function verify(
  context: StepContext,
  present: readonly (readonly [string, readonly ContainerState[]])[],
): Promise<void> {
  const now = byService(await listContainers(context.runner, context.scope.project));
  for (const [service, before] of present) {
    const wanted = new Set(before.map((container) => container.imageId));
    const wrong = (now.get(service) ?? []).find((container) => !wanted.has(container.imageId));
    if (wrong === undefined) continue;
    throw new RewindError(
      'WRONG_IMAGE',
      `${wrong.name} runs ${wrong.image} (${wrong.imageId.slice(0, 19)}), not what ran before`,
    );
  }
}

async function compose(
  context: StepContext,
  argv: Argv,
  doing: string,
  services: readonly string[] = [],
): Promise<void> {
  const result = await context.runner.run(argv, {
    cwd: context.scope.cwd,
    signal: context.signal,
    onLine: context.onLine,
  });
  if (result.exitCode === 0) return;
  const forNothing = await endedForNothing(context, result, services);
  if (forNothing && (await settle(context, services)).length === 0) return;
  const error = engineError(result, doing);
  const containers = await listContainers(context.runner, context.scope.project).catch(() => []);
  const failed = containers.filter((entry) => services.includes(entry.service) && !wasWell(entry));
  throw new RewindError(error.code, error.message, {
    details: await lastWords(context, failed),
    cause: error,
  });
}
