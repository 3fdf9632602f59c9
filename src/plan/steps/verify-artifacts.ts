import type { VolumeArtifact } from '../../restore-points/manifest.ts';
import { filesOf } from '../../restore-points/manifest.ts';
import { verified } from '../../restore-points/volume/extract.ts';
import { openStore } from '../../stores/open.ts';
import type { PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';

/** Read every stored file of these volumes and compare it with its checksum. Throws DAMAGED (exit 4). */
export interface VerifyArtifacts extends StepBase, PointPlace {
  kind: 'verify-artifacts';
  volumes: readonly VolumeArtifact[];
}

export async function verifyArtifacts(step: VerifyArtifacts, context: StepContext): Promise<void> {
  const store = openStore(step.store, context.scope.directory);
  for (const volume of step.volumes) {
    const files = filesOf(volume);
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let done = 0;
    for (const file of files) {
      const stream = await verified({ store, point: step.point, signal: context.signal }, file, (bytes) =>
        context.onProgress({ name: volume.key, done: (done += bytes), total }),
      );
      for await (const _ of stream) continue;
    }
  }
}
