import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { until } from '../integration/world.ts';
import { SmallDisk } from './disk.ts';
import type { OwnEngine } from './engine.ts';

const HELPER = 'rewind-test/helper:1';
export const VERSIONS = ['v1', 'v2', 'v3'];

/**
 * Writes one numbered line after the other and acknowledges each outside the data once it is on the disk. Every start has an id of its
 * own. A line that failed may be there in part: the next one begins on a line of its own.
 */
const WRITER = `
trap 'exit 0' TERM INT
start=$(cat /proc/sys/kernel/random/uuid) n=0 lead=
while :; do
  n=$((n + 1))
  if printf "$lead%s %s\\n" "$start" "$n" | dd of=/data/log oflag=append conv=notrunc,fsync 2>/dev/null; then
    echo "$start $n" >>/acks/lines
    lead=
  else
    lead='\\n'
  fi
  : >/tmp/ready
  sleep 0.1 & wait $!
done
`;

/** The same into a table, each row through a connection of its own. */
const CLERK = `
trap 'exit 0' TERM INT
start=$(cat /proc/sys/kernel/random/uuid) n=0
while :; do
  n=$((n + 1))
  if psql -XAtq -h 127.0.0.1 -U postgres -d shop -v ON_ERROR_STOP=1 -c "insert into writes values ('$start $n')"; then
    echo "$start $n" >>/acks/rows
    : >/tmp/ready
  fi
  sleep 0.3 & wait $!
done
`;

const DIGEST = `
cd /tree && {
  find . -mindepth 1 ! -path './.rewind*' -printf '%p|%y|%m|%U|%G|%l\\0'
  find . -type f ! -path './.rewind*' -printf '%p|%s|%T@\\0'
  find . -type f ! -path './.rewind*' -print0 | xargs -0 -r sha256sum -z
} | sort -z | sha256sum | cut -c1-16
`;

/** The project that the soak works on: a service that numbers its writes, and one with a tree of files, on disks of its own. */
export class SoakProject {
  readonly directory: string;
  readonly disks: Record<'state' | 'store' | 'volumes' | 'server', SmallDisk>;
  readonly name = 'soak';
  readonly #engine: OwnEngine;
  readonly #acks: string;

  private constructor(engine: OwnEngine, root: string, disks: SoakProject['disks']) {
    this.#engine = engine;
    this.disks = disks;
    this.directory = join(disks.state.path, 'project');
    this.#acks = join(root, 'acks');
    const volumes = ['data', 'tree'].map((name) => this.volumePath(name));
    for (const path of [this.directory, this.#acks, this.#serverPath, ...volumes])
      mkdirSync(path, { recursive: true });
  }

  static async make(engine: OwnEngine, root: string): Promise<SoakProject> {
    const disk = (name: string, megabytes: number): Promise<SmallDisk> =>
      SmallDisk.make(join(root, name), megabytes);
    const disks = {
      state: await disk('state', 64),
      store: await disk('store', 200),
      volumes: await disk('volumes', 128),
      // Not filled up: what a server does on a full disk is its own affair.
      server: await disk('server', 700),
    };
    const project = new SoakProject(engine, root, disks);
    for (const tag of VERSIONS) {
      const input = `FROM rewind-test/app:base\nENV APP_VERSION=${tag}\n`;
      await execa('docker', ['build', '--quiet', '--network', 'none', '--tag', `soak/app:${tag}`, '-'], {
        input,
        env: { DOCKER_HOST: engine.host },
      });
    }
    project.#writeCompose();
    await project.compose('up', '-d', '--wait', 'db');
    await project.sql('postgres', 'create database shop');
    await project.sql('shop', 'create table writes (line text primary key)');
    await project.compose('up', '-d', '--wait');
    return project;
  }

  volumePath(name: string): string {
    return join(this.disks.volumes.path, name);
  }

  get #serverPath(): string {
    return join(this.disks.server.path, 'data');
  }

  #writeCompose(): void {
    const volume = (device: string): object => ({ driver_opts: { type: 'none', o: 'bind', device } });
    const service = (test: string, settings: object): object => ({
      network_mode: 'none',
      stop_grace_period: '5s',
      healthcheck: {
        test: ['CMD-SHELL', test],
        interval: '5m',
        start_period: '60s',
        start_interval: '200ms',
      },
      ...settings,
    });
    // Compose would take a single dollar for one of its variables.
    const script = (text: string): string[] => ['sh', '-c', text.replaceAll('$', '$$$$')];
    const acks = `${this.#acks}:/acks`;
    const server = { image: 'rewind-test/postgres:15' };
    const model = {
      name: this.name,
      services: {
        writer: service('test -e /tmp/ready', {
          image: 'soak/app:v1',
          volumes: ['data:/data', acks],
          command: script(WRITER),
        }),
        web: service('test -e /www/version', { image: 'soak/app:v1', volumes: ['tree:/tree'] }),
        db: service('pg_isready -q -h 127.0.0.1', {
          ...server,
          environment: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
          volumes: ['server:/var/lib/postgresql/data'],
        }),
        clerk: service('test -e /tmp/ready', {
          ...server,
          network_mode: 'service:db',
          depends_on: { db: { condition: 'service_healthy' } },
          volumes: [acks],
          command: script(CLERK),
        }),
      },
      volumes: {
        data: volume(this.volumePath('data')),
        tree: volume(this.volumePath('tree')),
        server: volume(this.#serverPath),
      },
      'x-rewind': { helper_image: HELPER, stores: [join(this.disks.store.path, 'points')] },
    };
    writeFileSync(join(this.directory, 'compose.yml'), JSON.stringify(model, undefined, 2));
  }

  async compose(...args: string[]): Promise<void> {
    await execa('docker', ['compose', ...args], {
      cwd: this.directory,
      env: { DOCKER_HOST: this.#engine.host },
    });
  }

  async sql(database: string, text: string): Promise<string> {
    const args = [
      'compose',
      'exec',
      '-T',
      'db',
      'psql',
      '-XAtq',
      '-U',
      'postgres',
      '-d',
      database,
      '-c',
      text,
    ];
    const env = { DOCKER_HOST: this.#engine.host };
    return (await execa('docker', args, { cwd: this.directory, env })).stdout;
  }

  /** All acknowledged writes to the volume or to the table, oldest first. */
  acks(what: 'lines' | 'rows'): string[] {
    return linesOf(join(this.#acks, what));
  }

  /** The writes that the table holds. */
  async rows(): Promise<string[]> {
    return (await this.sql('shop', 'select line from writes')).split('\n').filter((line) => line !== '');
  }

  /** The writes that the volume holds. */
  log(): string[] {
    return linesOf(join(this.volumePath('data'), 'log'));
  }

  /** Everything about the files of the tree. */
  async digest(): Promise<string> {
    const { stdout } = await execa('sh', ['-c', DIGEST.replace('/tree', '"$0"'), this.volumePath('tree')]);
    return stdout;
  }

  /** Changes the tree at random; `seed` says how. */
  async mutate(seed: number): Promise<void> {
    const script = `
RANDOM=$1 ; cd "$0"
for i in 1 2 3 4 5 6 7 8; do
  name="f$((RANDOM % 40))"
  case $((RANDOM % 6)) in
    0) rm -rf "$name" ;;
    1) rm -rf "$name" ; mkdir "$name" ; echo "$RANDOM" >"$name/inner" ;;
    2) rm -rf "$name" ; ln -s "f$((RANDOM % 40))" "$name" ;;
    3) rm -rf "$name" ; head -c $((RANDOM * 4)) /dev/urandom >"$name" ;;
    4) [ -d "$name" ] || [ -h "$name" ] || echo "more $RANDOM" >>"$name" ;;
    5) [ -h "$name" ] || [ ! -e "$name" ] || chmod $((400 + (RANDOM % 4) * 100)) "$name" ;;
  esac
done
touch "f$((RANDOM % 40))" 2>/dev/null || :`;
    await execa('bash', ['-c', script, this.volumePath('tree'), String(seed)], { reject: false });
  }

  points(): string[] {
    return namesIn(join(this.disks.store.path, 'points')).filter((name) => !name.startsWith('.'));
  }

  /** The keys of a point's volumes, and its database services. */
  partsOf(id: string): string[] {
    const path = join(this.disks.store.path, 'points', id, 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
      volumes: { key: string }[];
      databases: { service: string }[];
    };
    return [...manifest.volumes.map(({ key }) => key), ...manifest.databases.map(({ service }) => service)];
  }

  removePoint(id: string): void {
    rmSync(join(this.disks.store.path, 'points', id), { recursive: true, force: true });
  }

  /** Each service's container: whether it runs and is healthy, and its image. */
  async services(): Promise<Record<string, { running: boolean; healthy: boolean; image: string }>> {
    const format = '{{.Label "com.docker.compose.service"}}|{{.State}}|{{.Status}}|{{.Image}}';
    const { stdout } = await this.#engine.docker(
      'ps', '-a', '--filter', `label=com.docker.compose.project=${this.name}`, '--format', format); // prettier-ignore
    return Object.fromEntries(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [service = '', state = '', status = '', image = ''] = line.split('|');
          return [service, { running: state === 'running', healthy: status.includes('(healthy)'), image }];
        }),
    );
  }

  async untilHealthy(): Promise<void> {
    await until(
      'health of all services',
      async () => Object.values(await this.services()).every(({ running, healthy }) => running && healthy),
      180_000,
    );
  }

  /** The image of a service that the Compose file names. */
  imageInFile(service: string): string {
    const text = readFileSync(join(this.directory, 'compose.yml'), 'utf8');
    return (
      (JSON.parse(text) as { services: Record<string, { image: string }> }).services[service]?.image ?? ''
    );
  }

  /** Executions that were begun and not concluded. */
  journals(): string[] {
    return namesIn(join(this.directory, '.rewind', 'journal'));
  }

  /** What the locks on the engine say of who holds them. */
  async lockHolders(): Promise<string[]> {
    const format = '{{.Name}} {{.Label "docker-rewind.lock-holder"}}';
    const args = ['volume', 'ls', '--filter', 'label=docker-rewind.lock', '--format', format];
    return (await this.#engine.docker(...args)).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) =>
        line.replace(/ (.*)/, (_, text: string) => ` ${Buffer.from(text, 'base64url').toString()}`),
      );
  }

  /** What must not outlive a command and its recovery. */
  async leftovers(): Promise<string[]> {
    const state = join(this.directory, '.rewind');
    const helpers = await this.#engine.docker('ps', '-a', '--filter', 'label=docker-rewind.helper', '-q');
    const volumes = await this.#engine.docker('volume', 'ls', '-q');
    const named = (where: string, names: readonly string[]): string[] =>
      names.map((name) => `${where}: ${name}`);
    return [
      ...named('helper', helpers.stdout.split('\n').filter((line) => line !== '')),
      ...named('volume', volumes.stdout.split('\n').filter((line) => line.includes('rewind'))),
      ...named('state', namesIn(state).filter((name) => name.startsWith('lock'))),
      ...named('journal', namesIn(join(state, 'journal'))),
      ...named('store', namesIn(join(this.disks.store.path, 'points')).filter((name) => name.startsWith('.'))),
      ...['data', 'tree'].flatMap((name) =>
        named(name, namesIn(this.volumePath(name)).filter((entry) => entry.startsWith('.rewind')))),
    ]; // prettier-ignore
  }

  async remove(): Promise<void> {
    for (const disk of Object.values(this.disks)) await disk.remove();
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** The whole lines of a file; what a write that failed left behind is none of them. */
function linesOf(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => /^[0-9a-f-]{36} \d+$/.test(line));
}
