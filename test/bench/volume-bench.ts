import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../e2e/build.ts';
import { OwnDisk } from './own-disk.ts';
import type { VolumeKind } from './volume-kinds.ts';

const HELPER = 'rewind-test/helper:1';
const ALPINE = 'rewind-test/alpine:3.20';
const TAR = ['--format=posix', '--xattrs', '--acls', '--sparse', '--numeric-owner'];

/** One measured run. */
export interface Run {
  seconds: number;
  /** Of the largest process of the command, in megabytes. */
  memory?: number;
  /** Bytes that it added to its store. */
  stored?: number;
  /** Seconds that the service was down. */
  down?: number;
}

/** A service with one volume, and every way of taking and putting back its data. */
export class VolumeBench {
  readonly #name = `rwbench${process.pid}`;
  readonly #disk: OwnDisk;

  private constructor(disk: OwnDisk) {
    this.#disk = disk;
  }

  static async make(kind: VolumeKind, scale: number): Promise<VolumeBench> {
    const bench = new VolumeBench(await OwnDisk.make(Math.ceil(24 * Math.max(scale, 0.2))));
    await bench.#prepare((directory) => kind.build(directory, scale));
    return bench;
  }

  async #prepare(build: (directory: string) => void): Promise<void> {
    mkdirSync(this.#path('project'));
    await this.#disk.volume(this.#volume);
    writeFileSync(this.#path('project/compose.yml'), [
      `name: ${this.#name}`, 'services:', '  web:', '    image: rewind-test/app:base', '    stop_grace_period: 2s',
      "    volumes: ['data:/data']", `volumes: {data: {external: true, name: ${this.#volume}}}`,
      `x-rewind: {helper_image: '${HELPER}'}`, '',
    ].join('\n')); // prettier-ignore
    await this.#docker('compose', 'up', '-d', '--wait', '--pull', 'never');
    build(this.#data);
    await execa('sync');
  }

  /** By name: the one that others are compared with comes first of its kind. */
  ways(kind: VolumeKind): Record<string, () => Promise<Run>> {
    const change = async (): Promise<void> => kind.change(this.#data);
    const settled =
      (before: () => Promise<unknown>, work: () => Promise<Run>): (() => Promise<Run>) =>
      async () => {
        await before();
        await execa('sync');
        return work();
      };
    const nothing = async (): Promise<void> => {};
    const oneFull = async (): Promise<void> => {
      await afresh();
      await this.rewind(['backup', '--mode', 'hot']);
    };
    const afresh = async (): Promise<void> =>
      rmSync(this.#path('project/.rewind'), { recursive: true, force: true });
    return {
      'floor: tar into a FIFO, zstd -T0 -3': settled(nothing, () => this.#floor('')),
      'floor, on the disk': settled(nothing, () => this.#floor('sync -f floor.tar.zst')),
      'recipe: stop, alpine tar czf, start': settled(nothing, () => this.#recipe()),
      'rewind: first': settled(afresh, () => this.rewind(['backup'])),
      'rewind: first, hot': settled(afresh, () => this.rewind(['backup', '--mode', 'hot'])),
      'rewind: after no change': settled(nothing, () => this.rewind(['backup'])),
      'rewind: after no change, hot': settled(nothing, () => this.rewind(['backup', '--mode', 'hot'])),
      'rewind: after 1 % changed': settled(change, () => this.rewind(['backup'])),
      'rewind: after 1 % changed, hot': settled(change, () => this.rewind(['backup', '--mode', 'hot'])),
      'rewind: first, 1 % changed meanwhile': settled(afresh, () => this.changedMeanwhile(kind)),
      'restic: first': settled(nothing, () => this.#restic(true)),
      'restic: after no change': settled(nothing, () => this.#restic(false)),
      'restic: after 1 % changed': settled(change, () => this.#restic(false)),
      'borg: first': settled(nothing, () => this.#borg(true)),
      'borg: after no change': settled(nothing, () => this.#borg(false)),
      'borg: after 1 % changed': settled(change, () => this.#borg(false)),
      'restore floor: zstd -dc, tar x': settled(nothing, () => this.#restoreFloor('')),
      'restore floor, on the disk': settled(nothing, () => this.#restoreFloor('sync -f /data')),
      // What the floor restores: one full.
      'rewind: restore': settled(oneFull, () =>
        this.rewind(['restore', 'latest', '--yes', '--no-safety-backup']),
      ),
    };
  }

  async remove(): Promise<void> {
    await this.#docker('compose', 'down', '-v', '-t', '0');
    await this.#docker('volume', 'rm', '-f', this.#volume);
    await this.#disk.remove();
  }

  get #volume(): string {
    return `${this.#name}_data`;
  }

  /** Where its data lies on this host. */
  get #data(): string {
    return this.#path(`volumes/${this.#volume}`);
  }

  #path(name: string): string {
    return this.#disk.path(name);
  }

  async #docker(...args: string[]): Promise<string> {
    return (await execa('docker', args, { cwd: this.#path('project') })).stdout;
  }

  async #timed(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const result = await execa('/usr/bin/time', ['-f', '%e %M', program, ...args], {
      cwd: this.#path('project'),
      env,
    });
    const [seconds = 0, kilobytes = 0] = (result.stderr.split('\n').at(-1) ?? '').split(' ').map(Number);
    return { seconds, memory: kilobytes / 1024 };
  }

  async rewind(args: readonly string[]): Promise<Run> {
    const state = this.#path('project/.rewind');
    const before = sizeOf(state);
    const timed = await this.#timed(join(ROOT, 'bin/docker-rewind'), args);
    const newest = readdirSync(join(state, 'points')).sort().at(-1) ?? '';
    const manifest = JSON.parse(readFileSync(join(state, 'points', newest, 'manifest.json'), 'utf8')) as {
      downtime: Record<string, number>;
    };
    const taken = args[0] === 'backup';
    return {
      ...timed,
      stored: sizeOf(state) - before,
      ...(taken ? { down: (manifest.downtime['web'] ?? 0) / 1000 } : {}),
    };
  }

  /** A first backup in which the change comes once its first pass has begun. */
  async changedMeanwhile(kind: VolumeKind): Promise<Run> {
    const begun = async (): Promise<void> => {
      const points = this.#path('project/.rewind/points');
      const archived = (): boolean => {
        try {
          return readdirSync(points, { recursive: true }).some((name) => String(name).endsWith('.tar.zst'));
        } catch {
          return false;
        }
      };
      while (!archived()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const running = this.rewind(['backup']);
    await begun();
    kind.change(this.#data);
    return running;
  }

  /** `last`: a command for a shell at the end. */
  async #floor(last: string): Promise<Run> {
    await execa('mkfifo', [this.#path('fifo')], { reject: false });
    const begun = performance.now();
    const packed = execa('sh', ['-c', 'zstd -q -T0 -3 -f -o floor.tar.zst <fifo'], { cwd: this.#path('') });
    await this.#docker('run', '--rm', '--network', 'none', '-v', `${this.#volume}:/data:ro`, '-v', `${this.#path('')}:/out`,
      HELPER, 'tar', ...TAR, '-C', '/data', '-cf', '/out/fifo', '.'); // prettier-ignore
    await packed;
    await execa('sh', ['-c', last], { cwd: this.#path('') });
    return {
      seconds: (performance.now() - begun) / 1000,
      stored: statSync(this.#path('floor.tar.zst')).size,
    };
  }

  async #recipe(): Promise<Run> {
    const begun = performance.now();
    await this.#docker('compose', 'stop', 'web');
    await this.#docker('run', '--rm', '-v', `${this.#volume}:/data:ro`, '-v', `${this.#path('')}:/out`, ALPINE,
      'tar', 'czf', '/out/recipe.tgz', '-C', '/data', '.'); // prettier-ignore
    await this.#docker('compose', 'start', 'web');
    const seconds = (performance.now() - begun) / 1000;
    return { seconds, down: seconds, stored: statSync(this.#path('recipe.tgz')).size };
  }

  async #restic(first: boolean): Promise<Run> {
    const repository = this.#path('restic');
    const env = { RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: this.#path('restic-cache') };
    if (first) {
      rmSync(repository, { recursive: true, force: true });
      await execa('restic', ['-q', '-r', repository, 'init'], { env });
    }
    const before = sizeOf(repository);
    const timed = await this.#timed('restic', ['-q', '-r', repository, 'backup', this.#data], env);
    return { ...timed, stored: sizeOf(repository) - before };
  }

  async #borg(first: boolean): Promise<Run> {
    const repository = this.#path('borg');
    const env = {
      BORG_BASE_DIR: this.#path('borg-base'),
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    };
    if (first) {
      rmSync(repository, { recursive: true, force: true });
      await execa('borg', ['init', '-e', 'none', repository], { env });
    }
    const before = sizeOf(repository);
    const archive = `${repository}::${Date.now()}`;
    const source = this.#data;
    const timed = await this.#timed('borg', ['create', '-C', 'zstd,3', archive, source], env);
    return { ...timed, stored: sizeOf(repository) - before };
  }

  async #restoreFloor(last: string): Promise<Run> {
    const volume = `${this.#name}_floor`;
    await this.#disk.volume(volume);
    const begun = performance.now();
    await this.#docker('run', '--rm', '-v', `${volume}:/data`, '-v', `${this.#path('')}:/out:ro`, HELPER,
      'sh', '-c', 'zstd -dc /out/floor.tar.zst | tar -x --xattrs --acls --numeric-owner -C /data -f -\n' + last); // prettier-ignore
    const seconds = (performance.now() - begun) / 1000;
    await this.#docker('volume', 'rm', volume);
    rmSync(this.#path(`volumes/${volume}`), { recursive: true, force: true });
    return { seconds };
  }
}

/** Bytes of all files below a directory, those with several names once. */
function sizeOf(directory: string): number {
  const seen = new Set<number>();
  let total = 0;
  try {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      const { ino, size } = statSync(join(entry.parentPath, entry.name));
      if (!entry.isFile() || seen.has(ino)) continue;
      seen.add(ino);
      total += size;
    }
  } catch {
    return 0;
  }
  return total;
}
