import type { Project } from '../compose/project.ts';
import type { RewindConfig } from '../compose/rewind-config.ts';
import type { ContainerState } from '../docker/containers.ts';
import type { Scope } from '../plan/steps/context.ts';

/** What planning a restore point or a restore needs to know; an Observation of a deployment has all of it. */
export interface DataObservation {
  project: Project;
  config: RewindConfig;
  scope: Scope;
  stateDirectory: string;
  /** By service; services without containers are absent. */
  containers: ReadonlyMap<string, ContainerState[]>;
}
