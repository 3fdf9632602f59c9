import type { Runner } from '../docker/runner.ts';
import type { Step } from '../plan/steps/index.ts';
import { planBackup } from '../restore-points/backup-plan.ts';
import { selectData } from '../restore-points/data-selection.ts';
import type { Observation } from './observation.ts';
import type { Target } from './targets.ts';

/** What a deployment does to have a restore point before it changes anything; all empty where it takes none. */
export interface BackupBefore {
  point: string | undefined;
  steps: Step[];
  undo: Step[];
  finish: Step[];
  /** At the very end of the way back: by then the services have their images again. */
  resume: Step[];
  notes: string[];
}

const VOLUMES_AT_ONCE = 2;

/** Plans it, unless `--no-backup` or `x-rewind.before_deploy: none` says otherwise, or there is no data yet. */
export async function planBackupBefore(
  runner: Runner,
  observation: Observation,
  { wanted, reason, targets }: { wanted: boolean; reason: string; targets: readonly Target[] },
): Promise<BackupBefore> {
  const none = { point: undefined, steps: [], undo: [], finish: [], resume: [], notes: [] };
  if (!wanted || observation.config.before_deploy === 'none') return none;
  const { sources, databases } = selectData(observation.project, observation.config, []);
  if (sources.length === 0 && databases.length === 0) return none;
  const parts = await planBackup(runner, observation, {
    sources,
    databases,
    counts: true,
    parallel: VOLUMES_AT_ONCE,
    reason,
    resumes: true,
    missing: 'skip',
  });
  // The first deployment of all: nothing has been written yet, and nobody has to read that.
  if (parts.empty) return none;
  return {
    point: parts.point,
    // The helper goes after the change: until then everybody waits for what was stopped.
    steps: staysDown(parts.still, targets, observation)
      ? [...parts.first, ...parts.still, ...parts.settled, ...parts.seal]
      : [...parts.first, ...parts.still, ...parts.settled, ...parts.resume, ...parts.seal, ...parts.finish],
    undo: parts.undo.filter(({ kind }) => kind !== 'resume-containers'),
    finish: parts.finish,
    resume: parts.resume,
    notes: parts.notes,
  };
}

/**
 * Whether all that is stopped for the point is replaced by the `up` that follows, so that none of it has to be started only to
 * be stopped once more. Then nothing is written either between the point and the new version.
 */
function staysDown(still: readonly Step[], targets: readonly Target[], { containers }: Observation): boolean {
  const replaced = targets.filter(({ service, image }) =>
    (containers.get(service) ?? []).every((container) => container.image !== image),
  );
  return still.every(
    (step) =>
      step.kind === 'stop-writers' &&
      step.levels.flat().every(({ service }) => replaced.some((target) => target.service === service)),
  );
}
