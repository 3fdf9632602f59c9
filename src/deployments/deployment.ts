/** What one service ran after a deployment. */
export interface DeployedService {
  /** The reference, as the Compose files gave it. */
  image: string;
  /** `sha256:…` in its registry; null for an image that was never pushed or pulled. */
  digest: string | null;
  /** `sha256:…` in the engine; null where nothing of the service ran. */
  imageId: string | null;
  /** The reference that ran before; null for the first time. */
  previousImage: string | null;
}

/** One recorded change of the running images in one environment: one line of `history.jsonl`. */
export interface Deployment {
  /** The version of this record's shape. */
  schema: number;
  /** Unique also where two histories were merged. */
  uid: string;
  /** `v3`; unique per project and environment unless two histories were merged. */
  id: string;
  environment: string;
  project: string;
  kind: 'deploy' | 'rollback';
  /** `failed`: taken back. `interrupted`: the command died, and recover took it back. */
  status: 'succeeded' | 'failed' | 'interrupted';
  /** Every service of the project, also those that this deployment left alone. */
  services: Record<string, DeployedService>;
  /** The services that it was about. */
  changed: string[];
  /** ISO 8601 */
  startedAt: string;
  finishedAt: string;
  user: string;
  host: string;
  /** The git commit of the project directory; null outside a repository. */
  commit: string | null;
  message: string | null;
  /** The deployment that a rollback went back to; null for a deploy. */
  target: string | null;
  /** The restore point that was taken of the data before; absent where there was none. */
  restorePoint?: string;
  /** Why it failed, in one line. */
  error?: string;
}

export const SCHEMA = 1;

export function numberOf(deployment: Pick<Deployment, 'id'>): number {
  return Number(deployment.id.replace(/^v/, ''));
}

/** Whether two records say that a service runs the same: by image ID where both know it. */
export function sameImage(a: DeployedService, b: DeployedService): boolean {
  return a.imageId !== null && b.imageId !== null ? a.imageId === b.imageId : a.image === b.image;
}
