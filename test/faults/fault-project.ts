import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataProject, HELPER_IMAGE } from '../integration/volumes/data-project.ts';
import { until } from '../integration/world.ts';

// Numbers its writes into the volume `data`, and says of each that it is written in a directory that no restore touches.
// Every start has a name of its own, so that a write of one start is never taken for that of another.
const WRITER = `
trap 'echo told to stop >>/acks/log; [ -e /data/stay ] || exit 0' TERM
token=$$(cat /proc/sys/kernel/random/uuid)
n=$$(tail -n 1 /data/log 2>/dev/null | cut -d ' ' -f 1)
n=$\${n:-0}
echo "start $$token $$n" >>/acks/log
touch /tmp/up
while :; do
  n=$$((n + 1))
  echo "$$n $$token" >>/data/log
  echo "$$n $$token" >>/acks/log
  sleep 0.1
done
`;

// Everything but what the writer is writing, of both volumes.
const CONTENT = `
for volume in data other; do
  cd /$volume || exit 1
  find . ! -path ./log ! -path . | sort | while read -r path; do
    if [ -f "$path" ]; then echo "$volume $(stat -c '%n %a %u %g %s %Y' "$path") $(sha256sum <"$path")"
    else echo "$volume $(stat -c '%n %F %a %u %g' "$path")"; fi
  done
done
`;

/** A project with a service that numbers its writes, two volumes, and images to deploy. */
export class FaultProject extends DataProject {
  readonly acks = mkdtempSync(join(tmpdir(), 'rewind-acks-'));

  #restart: string | undefined;

  static override async make(
    options: Parameters<typeof DataProject.make>[0] & { restart?: string } = {},
  ): Promise<FaultProject> {
    const project = new FaultProject();
    project.#restart = options.restart;
    await project.start();
    return project;
  }

  /** Has the services run, with the content `old`. */
  protected async start(): Promise<void> {
    await Promise.all(['v1', 'v2'].map((tag) => this.image(tag)));
    this.write('compose.yml', this.composeFile());
    await this.compose(['up', '-d', '--wait', '--no-build', '--pull', 'never']);
    await this.fill('old');
  }

  get services(): string[] {
    return ['web'];
  }

  composeFile(): string {
    return JSON.stringify(
      {
        name: this.name,
        services: {
          web: {
            image: `${this.repository}:v1`,
            command: ['sh', '-c', WRITER],
            stop_grace_period: '3s',
            network_mode: 'none',
            ...(this.#restart === undefined ? {} : { restart: this.#restart }),
            volumes: ['data:/data', 'other:/other', `${this.acks}:/acks`],
            healthcheck: {
              test: ['CMD', 'test', '-e', '/tmp/up'],
              interval: '3s',
              start_period: '60s',
              start_interval: '200ms',
            },
          },
        },
        volumes: { data: {}, other: {} },
        'x-rewind': { helper_image: HELPER_IMAGE },
      },
      undefined,
      2,
    ).concat('\n');
  }

  /** Runs a script in the service's container, which has to run. */
  async within(script: string): Promise<string> {
    const [container] = await this.containers();
    const result = await this.docker(['exec', container?.id ?? 'none', 'sh', '-c', script]);
    if (result.exitCode !== 0) throw new Error(`exit ${result.exitCode}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** What both volumes hold besides the writer's log. */
  async content(): Promise<string> {
    return createHash('sha256')
      .update(await this.within(CONTENT))
      .digest('hex');
  }

  async untilWell(): Promise<void> {
    await until(
      'the services to be well again',
      async () => {
        for (const service of this.services) {
          const [only, ...more] = await this.containers(service);
          if (more.length > 0 || only?.status !== 'running' || only.health !== 'healthy') return false;
        }
        return true;
      },
      60_000,
    );
  }

  /** The writes that somebody was told of, by the start that they belong to. */
  acknowledged(): Map<string, number[]> {
    const acks = new Map<string, number[]>();
    for (const line of readFileSync(join(this.acks, 'log'), 'utf8').split('\n')) {
      const write = /^(\d+) (\S+)$/.exec(line);
      if (write !== null) acks.set(write[2] ?? '', [...(acks.get(write[2] ?? '') ?? []), Number(write[1])]);
    }
    return acks;
  }

  /** How often the writer was told to end so far. */
  timesTold(): number {
    return readFileSync(join(this.acks, 'log'), 'utf8').split('told to stop').length - 1;
  }

  /** The names of the writer's starts so far. */
  starts(): Set<string> {
    const text = readFileSync(join(this.acks, 'log'), 'utf8');
    return new Set([...text.matchAll(/^start (\S+) /gm)].map((match) => match[1] ?? ''));
  }

  /** The writes that somebody was told of and that are not in the volume. */
  async lostWrites(): Promise<string[]> {
    const acks = [...this.acknowledged()].flatMap(([token, numbers]) => numbers.map((n) => `${n} ${token}`));
    const present = new Set((await this.within('cat /data/log')).split('\n'));
    return acks.filter((line) => !present.has(line));
  }

  /** Locks on the engine, volumes and tags, besides what DataProject finds, and files beside the edited ones. */
  override async leftovers(): Promise<string[]> {
    const list = async (...args: string[]): Promise<string[]> => lines((await this.docker(args)).stdout);
    const volumes = ['volume', 'ls', '--format', '{{.Name}}', '--filter'];
    const [locks, named, wanted, tags, helpers] = await Promise.all([
      list(...volumes, `label=docker-rewind.lock=${this.name}`),
      list(...volumes, `name=${this.name}`),
      list(...volumes, `label=com.docker.compose.project=${this.name}`),
      list('image', 'ls', '--format', '{{.Tag}}', this.repository),
      list('ps', '-aq', '--filter', `volume=${this.volume('data')}`),
    ]);
    const own = (await this.containers()).map(({ id }) => id.slice(0, 12));
    const staged = await this.within('find /data /other -maxdepth 1 -name ".rewind*"');
    const { readdirSync } = await import('node:fs');
    const names = (path: string): string[] => {
      try {
        return readdirSync(this.path(path), { withFileTypes: true }).map(({ name }) => `${path}/${name}`);
      } catch {
        return [];
      }
    };
    return [
      ...locks.map((name) => `lock volume ${name}`),
      ...helpers.filter((id) => !own.includes(id)).map((id) => `container ${id}`),
      ...staged.split('\n'),
      ...named.filter((name) => !wanted.includes(name)),
      ...tags.filter((tag) => !['v1', 'v2'].includes(tag)),
      ...names('.rewind/journal'),
      ...names('.rewind').filter((name) => name.includes('/lock')),
      ...names('.rewind/points').filter((name) => name.includes('partial')),
      ...names('.').filter((name) => name.includes('rewind-tmp')),
    ].filter((name) => name !== '');
  }

  override async remove(): Promise<void> {
    await super.remove();
    rmSync(this.acks, { recursive: true, force: true });
  }

  /** Content of two kinds, so that a mix of both would be seen. */
  async fill(mark: string): Promise<void> {
    await this.within(
      `for volume in data other; do
         cd /$volume; rm -rf tree; mkdir -p tree/deep
         echo ${mark} >tree/state; echo ${mark} >tree/deep/state
         for i in 1 2 3 4; do head -c 300000 /dev/urandom >tree/$i; done
       done`,
    );
  }

  /** Puts the Compose file back for the next round. */
  rewrite(text: string): void {
    writeFileSync(this.path('compose.yml'), text);
  }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
