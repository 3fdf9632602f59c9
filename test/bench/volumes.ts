import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { ROOT } from '../e2e/build.ts';
import { median } from './measure.ts';
import { VOLUMES, type VolumeKind } from './volume-kinds.ts';

const HELPER = 'rewind-test/helper:1';
const ALPINE = 'rewind-test/alpine:3.20';
const TAR = ['--format=posix', '--xattrs', '--acls', '--sparse', '--numeric-owner'];

/** One measured run: seconds, megabytes of memory, bytes in the store, seconds that the service was down. */
interface Run {
  seconds: number;
  memory?: number;
  stored?: number;
  down?: number;
}

/** npm run bench -- volumes [--runs N] [--scale F] [--only mixed|small|sparse]: every way in turn, medians. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string' }, scale: { type: 'string' }, only: { type: 'string' } },
  });
  const runs = Number(values.runs ?? 5);
  const scale = Number(values.scale ?? 1);
  for (const [name, kind] of Object.entries(VOLUMES)) {
    if (values.only === undefined || values.only === name) await benchVolume(name, kind, runs, scale);
  }
}

async function benchVolume(name: string, kind: VolumeKind, runs: number, scale: number): Promise<void> {
  const bench = new VolumeBench();
  try {
    await bench.prepare(kind, scale);
    const samples = new Map<string, Run[]>();
    for (let round = 0; round <= runs; round++) {
      for (const [way, work] of Object.entries(bench.ways(kind))) {
        const measured = await work();
        // The first round warms caches up.
        if (round > 0) samples.set(way, [...(samples.get(way) ?? []), measured]);
      }
    }
    print(`${name} (scale ${scale}, ${runs} runs)`, samples);
  } finally {
    await bench.remove();
  }
}

class VolumeBench {
  readonly #name = `rwbench${process.pid}`;
  readonly #directory = mkdtempSync(join(tmpdir(), 'rewind-bench-'));
  #mountpoint = '';

  async prepare(kind: VolumeKind, scale: number): Promise<void> {
    writeFileSync(this.#path('compose.yml'), [
      `name: ${this.#name}`, 'services:', '  web:', '    image: rewind-test/app:base', '    stop_grace_period: 2s',
      "    volumes: ['data:/data']", 'volumes: {data: }', `x-rewind: {helper_image: '${HELPER}'}`, '',
    ].join('\n')); // prettier-ignore
    await this.#docker('compose', 'up', '-d', '--wait', '--pull', 'never');
    await this.#inside(kind.build(scale));
    this.#mountpoint = (
      await this.#docker('volume', 'inspect', '--format', '{{.Mountpoint}}', this.#volume)
    ).trim();
    await execa('sync');
  }

  ways(kind: VolumeKind): Record<string, () => Promise<Run>> {
    const change = (): Promise<string> => this.#inside(kind.change);
    const first = async (): Promise<Run> => {
      rmSync(this.#path('.rewind'), { recursive: true, force: true });
      return this.#rewind(['backup']);
    };
    const again = async (before: () => Promise<unknown>, work: () => Promise<Run>): Promise<Run> => {
      await before();
      await execa('sync');
      return work();
    };
    const nothing = async (): Promise<void> => {};
    return {
      'floor: tar into a FIFO, zstd -T0 -3': () => this.#floor(),
      'recipe: stop, alpine tar czf, start': () => this.#recipe(),
      'rewind: first': first,
      'rewind: after no change': () => again(nothing, () => this.#rewind(['backup'])),
      'rewind: after 1 % changed': () => again(change, () => this.#rewind(['backup'])),
      'restic: first': () => this.#restic(true),
      'restic: after no change': () => this.#restic(false),
      'restic: after 1 % changed': () => again(change, () => this.#restic(false)),
      'borg: first': () => this.#borg(true),
      'borg: after no change': () => this.#borg(false),
      'borg: after 1 % changed': () => again(change, () => this.#borg(false)),
      'restore floor: zstd -dc, tar x': () => this.#restoreFloor(),
      'rewind: restore': () => this.#rewind(['restore', 'latest', '--yes', '--no-safety-backup']),
    };
  }

  async remove(): Promise<void> {
    await this.#docker('compose', 'down', '-v', '-t', '0');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #volume(): string {
    return `${this.#name}_data`;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  async #docker(...args: string[]): Promise<string> {
    return (await execa('docker', args, { cwd: this.#directory })).stdout;
  }

  async #inside(script: string): Promise<string> {
    const args = ['run', '--rm', '-i', '-v', `${this.#volume}:/data`, HELPER, 'bash', '-s'];
    return (await execa('docker', args, { input: `cd /data\n${script}` })).stdout;
  }

  async #timed(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const result = await execa('/usr/bin/time', ['-f', '%e %M', program, ...args], {
      cwd: this.#directory,
      env,
    });
    const [seconds = 0, kilobytes = 0] = (result.stderr.split('\n').at(-1) ?? '').split(' ').map(Number);
    return { seconds, memory: kilobytes / 1024 };
  }

  async #rewind(args: readonly string[]): Promise<Run> {
    const before = sizeOf(this.#path('.rewind'));
    const timed = await this.#timed(join(ROOT, 'bin/docker-rewind'), args);
    const points = readdirSync(this.#path('.rewind/points')).sort();
    const manifest = JSON.parse(
      readFileSync(this.#path(`.rewind/points/${points.at(-1) ?? ''}/manifest.json`), 'utf8'),
    );
    const stored = sizeOf(this.#path('.rewind')) - before;
    return {
      ...timed,
      stored,
      ...(args[0] === 'backup' ? { down: (manifest.downtime.web ?? 0) / 1000 } : {}),
    };
  }

  async #floor(): Promise<Run> {
    await execa('mkfifo', [this.#path('fifo')], { reject: false });
    const begun = performance.now();
    const packed = execa('sh', ['-c', 'zstd -q -T0 -3 -f -o floor.tar.zst <fifo'], { cwd: this.#directory });
    await this.#docker('run', '--rm', '--network', 'none', '-v', `${this.#volume}:/data:ro`, '-v', `${this.#directory}:/out`,
      HELPER, 'tar', ...TAR, '-C', '/data', '-cf', '/out/fifo', '.'); // prettier-ignore
    await packed;
    return {
      seconds: (performance.now() - begun) / 1000,
      stored: statSync(this.#path('floor.tar.zst')).size,
    };
  }

  async #recipe(): Promise<Run> {
    const begun = performance.now();
    await this.#docker('compose', 'stop', 'web');
    await this.#docker('run', '--rm', '-v', `${this.#volume}:/data:ro`, '-v', `${this.#directory}:/out`, ALPINE,
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
    const timed = await this.#timed('restic', ['-q', '-r', repository, 'backup', this.#mountpoint], env);
    return { ...timed, stored: sizeOf(repository) - before };
  }

  async #borg(first: boolean): Promise<Run> {
    const repository = this.#path('borg');
    const env = { BORG_BASE_DIR: this.#path('borg-base'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' };
    if (first) {
      rmSync(repository, { recursive: true, force: true });
      await execa('borg', ['init', '-e', 'none', repository], { env });
    }
    const before = sizeOf(repository);
    const archive = `${repository}::${Date.now()}`;
    const timed = await this.#timed('borg', ['create', '-C', 'zstd,3', archive, this.#mountpoint], env);
    return { ...timed, stored: sizeOf(repository) - before };
  }

  async #restoreFloor(): Promise<Run> {
    const volume = `${this.#name}_floor`;
    const begun = performance.now();
    await this.#docker('run', '--rm', '-v', `${volume}:/data`, '-v', `${this.#directory}:/out:ro`, HELPER,
      'sh', '-c', "zstd -dc /out/floor.tar.zst | tar -x --xattrs --acls --numeric-owner -C /data -f -"); // prettier-ignore
    const seconds = (performance.now() - begun) / 1000;
    await this.#docker('volume', 'rm', volume);
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

function print(title: string, samples: ReadonlyMap<string, readonly Run[]>): void {
  const of = (runs: readonly Run[], key: keyof Run, digits: number, by = 1): string => {
    const values = runs.flatMap((each) => (each[key] === undefined ? [] : [each[key]]));
    return values.length === 0 ? '' : (median(values) / by).toFixed(digits);
  };
  const lines = [...samples].map(
    ([way, runs]) =>
      `| ${way} | ${of(runs, 'seconds', 2)} | ${of(runs, 'memory', 0)} | ${of(runs, 'stored', 2, 1e6)} | ${of(runs, 'down', 2)} |`,
  );
  const head = ['| way | s | peak MB | stored MB | down s |', '|-|-|-|-|-|'];
  process.stdout.write(`\n### ${title}\n\n${[...head, ...lines].join('\n')}\n`);
}
