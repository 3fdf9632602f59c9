import type { Deployment } from '../../../src/deployments/deployment.ts';

/** A record of project `shop`, environment `default`, whose service `web` ran `image`. */
export function record(number: number, image: string, more: Partial<Deployment> = {}): Deployment {
  const imageId = `sha256:${image.replaceAll(/[^a-z0-9]/g, '')}`;
  return {
    schema: 1,
    uid: `uid${number}`,
    id: `v${number}`,
    environment: 'default',
    project: 'shop',
    kind: 'deploy',
    status: 'succeeded',
    services: { web: { image, digest: null, imageId, previousImage: null } },
    changed: ['web'],
    startedAt: `2026-01-01T00:00:${String(number).padStart(2, '0')}.000Z`,
    finishedAt: `2026-01-01T00:00:${String(number).padStart(2, '0')}.500Z`,
    user: 'ana',
    host: 'host',
    commit: null,
    message: null,
    target: null,
    ...more,
  };
}
