import type { DatabaseArtifact } from '../databases/engine.ts';
import type { Runner } from '../docker/runner.ts';
import type { Step } from '../plan/steps/index.ts';
import { databaseSteps, newRestoreId, observeServers } from './database-restore.ts';
import type { DataObservation } from './data-observation.ts';
import type { Manifest } from './manifest.ts';
import type { PreparedRestore } from './restore-plan.ts';

/** Plans to put one database of a point beside the live one, under a new name; nothing is stopped. */
export async function planToDatabase(
  runner: Runner,
  observation: DataObservation,
  request: { manifest: Manifest; store: string; artifact: DatabaseArtifact; database: string },
): Promise<PreparedRestore> {
  const { manifest, store, artifact, database } = request;
  const restore = await observeServers(runner, observation, [artifact], database);
  const steps = databaseSteps(restore, { point: manifest.id, store, id: newRestoreId() }, []);
  return {
    plan: {
      command: 'restore',
      scope: observation.scope,
      steps: [
        ...restore.unchecked.map((each): Step => ({
          kind: 'verify-artifacts', resource: each.key, reason: 'every stored byte', point: manifest.id, store,
          volumes: [], databases: [each],
        })),
        ...steps.load,
        ...steps.swap,
      ],
      finish: steps.drop,
      undo: steps.unswap,
    },
    notes: restore.notes,
    volumes: [],
    databases: [`${artifact.service}/${database}`],
  }; // prettier-ignore
}
