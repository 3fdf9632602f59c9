import { execute, type Execution, type ExecutionObserver } from '../plan/executor.ts';
import { Journal } from '../plan/journal.ts';
import type { Step } from '../plan/steps/index.ts';
import { openStateDirectory } from '../plan/state-directory.ts';
import { describeStep } from '../plan/plan.ts';
import { byService, listContainers } from '../docker/containers.ts';
import { refuseUnwritable } from '../compose/file-edit.ts';
import type { ResolvedModel } from '../compose/project.ts';
import type { Runner } from '../docker/runner.ts';
import { exitOf, isInterruption, messageOf, RewindError, withState } from '../errors.ts';
import { completePoints } from '../restore-points/complete-points.ts';
import type { Deployment } from './deployment.ts';
import { succeededRecord, takenBackRecord } from './draft.ts';
import { appendHistory } from './history.ts';
import { dropComposeFiles, keepComposeFiles } from './kept-files.ts';
import type { Prepared } from './prepared.ts';

export interface CarryOutOptions {
  observer: ExecutionObserver;
  /** The first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
}

/**
 * Executes a prepared deployment under its journal and records the outcome. Returns the record of a success; throws
 * RewindError otherwise: `failed` (exit 1) when everything is as it was, `notUndone` (5) when the way back failed.
 */
export async function carryOut(
  runner: Runner,
  prepared: Prepared,
  options: CarryOutOptions,
): Promise<Deployment> {
  const { plan, draft, observation } = prepared;
  const stateDirectory = await openStateDirectory(observation.scope.directory);
  await refuseUnwritable(plan.steps.flatMap((step) => (step.kind === 'edit-file' ? [step.edit] : [])));
  const journal = await Journal.begin(stateDirectory, plan);
  let record: Deployment | undefined;
  const execution = await execute(plan, {
    runner,
    journal,
    observer: options.observer,
    signal: options.signal,
    before: observation.project.model,
    conclude: async (findings) => {
      record = await succeededRecord(runner, observation.scope, draft, {
        ...findings,
        model: provenModel(prepared),
      });
      try {
        await keepComposeFiles(stateDirectory, record, observation.project, draft.options);
        await appendHistory(stateDirectory, record);
      } catch (error) {
        await dropComposeFiles(stateDirectory, record);
        throw error;
      }
    },
  });
  if (execution.outcome === 'done' && record !== undefined) {
    await journal.conclude();
    return record;
  }
  return failed(
    runner,
    prepared,
    stateDirectory,
    journal,
    execution as Exclude<Execution, { outcome: 'done' }>,
  );
}

/** The model that the files resolve to now, where the proof of the edit left no other: Compose need not be asked again. */
function provenModel({ plan, effects, observation, draft }: Prepared): ResolvedModel | undefined {
  if (effects.length > 0 || plan.steps.some((step) => step.kind === 'replace-file')) return undefined;
  const { model } = observation.project;
  const services = Object.entries(model.services).map(([name, service]) => {
    const image = draft.wanted[name];
    return [name, image === undefined ? service : { ...service, image }] as const;
  });
  return { ...model, services: Object.fromEntries(services) };
}

async function failed(
  runner: Runner,
  prepared: Prepared,
  stateDirectory: string,
  journal: Journal,
  execution: Exclude<Execution, { outcome: 'done' }>,
): Promise<never> {
  const { draft, observation } = prepared;
  const { error } = execution;
  const id = draft.base.id;
  if (execution.outcome === 'unchanged') {
    await journal.conclude();
    throw withState(error, 'unchanged', `Nothing was changed${await completePoints(prepared.plan)}`);
  }
  const record = await takenBackRecord(runner, draft, 'failed', messageOf(error));
  // The way back may have been taken because the disk is full: then this cannot be recorded, and is said instead.
  const recorded = await appendHistory(stateDirectory, record).then(
    () => `recorded as failed (${id})`,
    (reason: unknown) => `not recorded: ${messageOf(reason)}`,
  );
  const details = error instanceof RewindError ? error.details : [];
  if (execution.outcome === 'undone') {
    await journal.conclude();
    throw new RewindError(
      'DEPLOYMENT_FAILED',
      `${messageOf(error)}. Everything is back as it was${await completePoints(prepared.plan)}; ${recorded}`,
      {
        exit: isInterruption(error) ? exitOf(error) : 'failed',
        details,
        state: 'undone',
        hint: `docker rewind show ${id}`,
        cause: error,
      },
    );
  }
  throw new RewindError(
    'NOT_UNDONE',
    `${messageOf(error)}; and the way back failed too, at "${describeStep(execution.undoStep)}": ${messageOf(execution.undoError)}; ${recorded}`,
    {
      exit: 'notUndone',
      state: 'not-undone',
      details: [
        ...details,
        ...(execution.undoError instanceof RewindError ? execution.undoError.details : []),
        ...(await standing(runner, prepared, observation.project.name)),
        ...notPutBack(prepared, execution.undoStep),
      ],
      hint: 'Mend what the message names, then: docker rewind recover',
      cause: error,
    },
  );
}

/** What the way back did not get to: from the step on that failed. Services are said with what they run. */
function notPutBack({ plan }: Prepared, failedAt: Step): string[] {
  return plan.undo
    .slice(plan.undo.indexOf(failedAt))
    .filter((step) => step.kind !== 'restore-services')
    .map((step) => `not put back: ${step.resource}`);
}

/** What stands where, service by service, for the person who has to go on by hand. */
async function standing(runner: Runner, prepared: Prepared, project: string): Promise<string[]> {
  const before = prepared.observation.containers;
  try {
    const now = byService(await listContainers(runner, project));
    return prepared.plan.undo.flatMap((step) => {
      if (step.kind !== 'restore-services') return [];
      return Object.keys(step.services).map((service) => {
        const present = (now.get(service) ?? []).map(
          (entry) => `${entry.image} (${entry.health ?? entry.status})`,
        );
        const past = (before.get(service) ?? []).map((entry) => entry.image);
        return `${service}: now ${present.join(', ') || 'no container'}; before ${past.join(', ') || 'no container'}`;
      });
    });
  } catch (error) {
    return [`what runs now cannot be said: ${messageOf(error)}`];
  }
}
