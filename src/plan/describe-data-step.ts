import type { DatabaseService } from '../databases/engine.ts';
import type { Step } from './steps/index.ts';
import type { RunningContainer } from './steps/still-services.ts';

type DataStep = Extract<
  Step,
  {
    kind:
      | 'prepare-helper' | 'remove-helper' | 'stop-writers' | 'pause-containers' | 'resume-containers'
      | 'archive-volumes' | 'seal-point' | 'discard-point' | 'extract-volumes' | 'swap-volumes' | 'unswap-volumes'
      | 'drop-old' | 'verify-artifacts' | 'place-files' | 'create-volume' | 'remove-volume'
      | 'dump-databases' | 'load-databases' | 'swap-databases' | 'unswap-databases' | 'drop-old-databases'
      | 'await-health';
  }
>; // prettier-ignore

/** One line for a step that is about data or about those who write it. */
export function describeDataStep(step: DataStep): string {
  switch (step.kind) {
    case 'prepare-helper':
      return `have the helper image ${step.configured ?? ''}`.trimEnd();
    case 'remove-helper':
      return 'remove the helper container';
    case 'stop-writers':
      return `stop ${names(step.levels.flat())}`;
    case 'pause-containers':
      return `pause ${names(step.containers)}`;
    case 'resume-containers':
      return `have ${names(step.levels.flat())} run again and wait for it`;
    case 'archive-volumes': {
      const keys = step.volumes.map(({ key }) => key).join(', ');
      return step.pass === 'first' ? `archive ${keys}` : `archive what changed in ${keys} since`;
    }
    case 'seal-point':
      return `write the manifest of ${step.point} to ${step.store}`;
    case 'discard-point':
      return `discard the unfinished restore point ${step.point}`;
    case 'extract-volumes': {
      const keys = step.volumes.map(({ artifact }) => artifact.key).join(', ');
      const how =
        step.into === 'staging'
          ? ' beside the present data'
          : step.clear
            ? ' in the place of what is there'
            : '';
      return `extract ${keys} of ${step.point}${how}, and compare it with the index`;
    }
    case 'swap-volumes':
      return `put the restored data of ${step.resource} in the place of the present data, which is kept`;
    case 'unswap-volumes':
      return `put the data of ${step.resource} back as it was`;
    case 'drop-old':
      return `delete the replaced data of ${step.resource}`;
    case 'verify-artifacts':
      return `check every stored byte of ${step.resource}`;
    case 'place-files':
      return `put ${step.paths.join(', ')} of ${step.resource} back${step.to === null ? '' : ` into ${step.to}`}`;
    case 'create-volume':
      return `make the volume ${step.name}`;
    case 'remove-volume':
      return `remove the volume ${step.name}`;
    case 'dump-databases':
      return `dump the databases of ${step.services.map(dumpedName).join(', ')}`;
    case 'load-databases':
      return `load ${step.resource} of ${step.point} beside the live data, and compare it with what was dumped`;
    case 'swap-databases':
      return `disconnect the clients of ${step.resource} and put what was loaded in its place; the present data is kept`;
    case 'unswap-databases':
      return `put ${step.resource} back as it was`;
    case 'drop-old-databases':
      return `delete the replaced data of ${step.resource}`;
    case 'await-health':
      return `wait until ${names(step.containers)} ${step.containers.length === 1 ? 'is' : 'are'} well`;
  }
}

function dumpedName({ service, databases }: DatabaseService): string {
  return databases === undefined ? service : `${service} (${databases.join(', ')})`;
}

function names(containers: readonly RunningContainer[]): string {
  return [...new Set(containers.map(({ service }) => service))].join(', ');
}
