import type { DatabaseArtifact } from '../../databases/engine.ts';
import type { HelperSpec } from '../../docker/helper-container.ts';
import type { VolumeArtifact } from '../../restore-points/manifest.ts';
import { dumpFilesOf, filesOf } from '../../restore-points/manifest.ts';
import { deviceRefused } from '../../restore-points/volume/extract.ts';
import { storedIndex } from '../../restore-points/volume/index-source.ts';
import { refuseNested } from '../../restore-points/volume/nested.ts';
import { checkFile, verified } from '../../restore-points/verified.ts';
import { openStore } from '../../stores/open.ts';
import type { PointPlace } from './archive-volumes.ts';
import type { StepBase, StepContext } from './context.ts';
import { helperFor } from './helper.ts';

/**
 * Read every stored file of these volumes and dumps and compare it with its checksum. Throws DAMAGED, DEVICES,
 * NESTED_FILE_SYSTEM (exit 4).
 */
export interface VerifyArtifacts extends StepBase, PointPlace {
  kind: 'verify-artifacts';
  volumes: readonly VolumeArtifact[];
  databases: readonly DatabaseArtifact[];
  /** No volume may hold a device node. */
  refuseDevices?: boolean;
  /** The mounts that are going to be emptied. */
  emptied?: { helper: HelperSpec; volumes: readonly { key: string; slug: string }[] };
}

export async function verifyArtifacts(step: VerifyArtifacts, context: StepContext): Promise<void> {
  const store = openStore(step.store, context.scope.directory);
  const artifacts = [
    ...step.volumes.map((volume) => ({ key: volume.key, files: filesOf(volume) })),
    ...step.databases.map((database) => ({ key: database.key, files: dumpFilesOf(database) })),
  ];
  for (const { key, files } of artifacts) {
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let done = 0;
    for (const file of files) {
      await checkFile({ store, point: step.point, signal: context.signal }, file, (bytes) =>
        context.onProgress({ name: key, done: (done += bytes), total }),
      );
    }
  }
  if (step.emptied !== undefined) {
    const helper = await helperFor(step.emptied.helper, context);
    for (const volume of step.emptied.volumes) await refuseNested(helper, volume, context.signal);
  }
  if (step.refuseDevices !== true) return;
  for (const volume of step.volumes) {
    const index = storedIndex(
      await verified({ store, point: step.point, signal: context.signal }, volume.index),
    );
    for (let entry = await index.next(); entry !== undefined; entry = await index.next())
      if (entry.type === 'b' || entry.type === 'c') throw deviceRefused(volume.key, step.point);
  }
}
