import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { imageOf, resolveModel, type ResolvedModel } from '../compose/project.ts';
import { byService, listContainers } from '../docker/containers.ts';
import { digestOf, inspectImages } from '../docker/images.ts';
import type { Runner } from '../docker/runner.ts';
import { userName } from '../plan/lock.ts';
import type { ComposeOptions } from '../compose/options.ts';
import type { Scope } from '../plan/steps/context.ts';
import type { Findings } from '../plan/steps/context.ts';
import { SCHEMA, type DeployedService, type Deployment } from './deployment.ts';
import { currentCommit } from './git.ts';
import { nextId } from './history.ts';
import type { Observation } from './observation.ts';

/**
 * What is known of a deployment before it begins; kept in the journal as the plan's subject, so that recover can
 * record it.
 */
export interface Draft {
  base: Omit<Deployment, 'status' | 'services' | 'finishedAt'>;
  /** The image of each service that is to change. */
  wanted: Record<string, string>;
  /** The reference that each service's containers were made from before. */
  before: Record<string, string>;
  /** How Compose is called once the files are edited. */
  options: ComposeOptions;
}

export async function draftDeployment(
  runner: Runner,
  observation: Observation,
  what: {
    kind: Deployment['kind'];
    message?: string | undefined;
    target?: string;
    restorePoint?: string | undefined;
    wanted: Record<string, string>;
    options: ComposeOptions;
  },
): Promise<Draft> {
  const { scope, deployments, containers } = observation;
  const before = [...containers].flatMap(([service, [first]]) =>
    first === undefined ? [] : [[service, first.image] as const],
  );
  return {
    base: {
      schema: SCHEMA,
      uid: randomBytes(6).toString('hex'),
      id: nextId(deployments),
      environment: scope.environment,
      project: scope.project,
      kind: what.kind,
      changed: Object.keys(what.wanted),
      startedAt: new Date().toISOString(),
      user: userName(),
      host: hostname(),
      commit: await currentCommit(runner, scope.directory),
      message: what.message ?? null,
      target: what.target ?? null,
      ...(what.restorePoint === undefined ? {} : { restorePoint: what.restorePoint }),
    },
    wanted: what.wanted,
    before: Object.fromEntries(before),
    options: what.options,
  };
}

/**
 * The record of a deployment that succeeded: what runs now, read from the engine, not from the plan. What is known
 * already (the proven model, what was just verified) is not asked for again.
 */
export async function succeededRecord(
  runner: Runner,
  scope: Scope,
  draft: Draft,
  known: Findings & { model?: ResolvedModel | undefined } = {},
): Promise<Deployment> {
  const [model, listed] = await Promise.all([
    known.model ?? resolveModel(runner, draft.options, scope.cwd),
    known.containers ?? listContainers(runner, scope.project),
  ]);
  const containers = byService(listed);
  const images = Object.fromEntries(
    Object.keys(model.services).map((service) => [service, imageOf({ name: scope.project, model }, service)]),
  );
  const ids = [...containers.values()].flatMap(([first]) => (first === undefined ? [] : [first.imageId]));
  const seen = new Map(known.images?.map((image) => [image.id, image]));
  const asked = await inspectImages(
    runner,
    ids.filter((id) => !seen.has(id)),
  );
  const services = Object.entries(images).map(([service, image]): [string, DeployedService] => {
    const imageId = containers.get(service)?.[0]?.imageId ?? null;
    const found = imageId === null ? undefined : (seen.get(imageId) ?? asked.get(imageId));
    const digest = (found && digestOf(found, image)) ?? null;
    return [service, { image, digest, imageId, previousImage: draft.before[service] ?? null }];
  });
  return finished(draft, 'succeeded', Object.fromEntries(services));
}

/** The record of one that was taken back: what was wanted. */
export async function takenBackRecord(
  runner: Runner,
  draft: Draft,
  status: 'failed' | 'interrupted',
  error: string,
): Promise<Deployment> {
  const local = await inspectImages(runner, Object.values(draft.wanted)).catch(() => new Map());
  const services = Object.entries(draft.wanted).map(([service, image]): [string, DeployedService] => {
    const found = local.get(image);
    return [
      service,
      {
        image,
        digest: (found && digestOf(found, image)) ?? null,
        imageId: found?.id ?? null,
        previousImage: draft.before[service] ?? null,
      },
    ];
  });
  return { ...finished(draft, status, Object.fromEntries(services)), error };
}

function finished(
  draft: Draft,
  status: Deployment['status'],
  services: Record<string, DeployedService>,
): Deployment {
  const { message, target, commit, user, host, startedAt, changed, ...base } = draft.base;
  const finishedAt = new Date().toISOString();
  return { ...base, status, services, changed, startedAt, finishedAt, user, host, commit, message, target };
}
