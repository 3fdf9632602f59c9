import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ProcessRunner, type Argv } from '../../../src/docker/runner.ts';
import type { VolumeArtifact } from '../../../src/restore-points/manifest.ts';
import {
  archiveFirst,
  type ArchiveContext,
  type VolumeTask,
} from '../../../src/restore-points/volume/archive.ts';
import { compareWithIndex, extractVolume } from '../../../src/restore-points/volume/extract.ts';
import { ensureHelper, removeHelper, type Helper } from '../../../src/restore-points/volume/helper.ts';
import { compressed } from '../../../src/restore-points/volume/index-source.ts';
import { LocalStore } from '../../../src/stores/local.ts';
import { DataProject, HELPER_IMAGE, ONE_OF_EVERYTHING } from './data-project.ts';

/** The engine of this host, looking as if it ran on another one: what it shall share with us is not there. */
class ElsewhereRunner extends ProcessRunner {
  override async hold(argv: Argv): ReturnType<ProcessRunner['hold']> {
    const mount = argv.find((word) => word.includes('target=/exchange'));
    if (mount === undefined) return super.hold(argv);
    return { exitCode: 125, stdout: '', stderr: `docker: bind source path does not exist: ${mount}.\n` };
  }
}

const POINT = '20261123-051530-3fa9';
const NEXT = '20261123-051530-3faa';

describe('an engine that does not share the files of this host', () => {
  const runner = new ElsewhereRunner();
  const signal = new AbortController().signal;
  let project: DataProject;
  let work: string;
  beforeEach(async () => {
    project = new DataProject();
    work = mkdtempSync(join(tmpdir(), 'rewind-attached-'));
    mkdirSync(join(work, 'indexes'));
    for (const name of ['data', 'copy']) await project.docker(['volume', 'create', project.volume(name)]);
  });
  afterEach(async () => {
    await project.docker(['volume', 'rm', project.volume('data'), project.volume('copy')]);
    await project.remove();
    rmSync(work, { recursive: true });
  });

  async function withHelper(use: (helper: Helper, name: string) => Promise<void>): Promise<void> {
    const mounts = ['data', 'copy'].map((slug) => ({
      slug,
      kind: 'volume' as const,
      source: project.volume(slug),
    }));
    const spec = { name: `rewind-${project.name}`, write: true, devices: true, mounts };
    try {
      await use(await ensureHelper(runner, work, spec, HELPER_IMAGE), spec.name);
    } finally {
      await removeHelper(runner, work, spec);
    }
  }

  async function contextFor(helper: Helper, point = POINT): Promise<ArchiveContext> {
    const store = new LocalStore('points', join(work, 'points'));
    const directory = join(work, 'indexes');
    const writer = await store.writer(point);
    return { helper, store, writer, directory, signal, point, onProgress: () => {} };
  }

  /** Archives the volume into a point of its own. */
  async function archived(context: ArchiveContext, volume: VolumeTask): Promise<VolumeArtifact> {
    const progress = await archiveFirst(volume, context);
    if (progress === undefined) throw new Error('nothing was archived');
    const file = join(context.directory, progress.index);
    const index = await context.writer.write('volumes/data.index.zst', compressed(createReadStream(file)));
    await context.writer.commit('{}');
    const { layers, tools } = progress;
    return { key: 'data', slug: 'data', layers, index, tools, unsettled: null } as unknown as VolumeArtifact;
  }

  async function comesBack(artifact: VolumeArtifact, context: ArchiveContext): Promise<void> {
    const extracting = { ...context, fills: false, lossy: false, onNote: () => {} };
    await project.inside('find . -mindepth 1 -delete', 'copy');
    await extractVolume(artifact, { slug: 'copy' }, extracting);
    await compareWithIndex(artifact, { slug: 'copy' }, extracting);
    expect(await project.snapshot('copy')).to.equal(await project.snapshot());
  }

  const task: VolumeTask = {
    key: 'data',
    slug: 'data',
    live: false,
    settles: false,
    shared: false,
    full: true,
  };

  it('is served through docker exec, as exactly', async () => {
    await project.inside(`${ONE_OF_EVERYTHING}\nhead -c 5000000 /dev/urandom >random`);
    await withHelper(async (helper) => {
      const context = await contextFor(helper);
      const full = await archived(context, task);
      await comesBack(full, context);
      await project.inside('echo part | dd of=random bs=1 seek=3000000 conv=notrunc status=none');
      const next = await contextFor(helper, NEXT);
      const base = { point: POINT, layers: full.layers, index: full.index, packing: 1 };
      const differential = await archived(next, { ...task, full: false, base, last: base });
      expect(differential.layers[1]?.blocks?.bytes).to.be.below(200_000);
      await comesBack(differential, next);
    });
  });

  it('that loses the helper in the middle is an error', async () => {
    await project.inside('head -c 200000000 /dev/urandom >random');
    await withHelper(async (helper, name) => {
      const context = await contextFor(helper);
      let killing: Promise<unknown> | undefined;
      const onProgress = (): void => void (killing ??= project.docker(['kill', name]));
      const error = await archiveFirst(task, { ...context, onProgress }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await killing;
      expect(error).to.have.property('code', 'HELPER_FAILED');
    });
  });
});
