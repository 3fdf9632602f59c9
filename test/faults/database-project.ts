import { FaultProject } from './fault-project.ts';

/** A small server of another kind beside PostgreSQL: what there is to say of it. */
interface Server {
  service: object;
  /** Scripts in its container: new content with a mark in `$1`, all of its content, and what a restore may leave. */
  fill: string;
  content: string;
  leftovers: string;
}

const healthy = (test: string): object => ({
  test: ['CMD-SHELL', test],
  interval: '3s',
  start_period: '120s',
  start_interval: '200ms',
});

const POSTGRES: Server = {
  service: {
    image: 'rewind-test/postgres:15',
    command: ['postgres', '-c', 'fsync=off'],
    environment: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
    stop_grace_period: '5s',
    volumes: ['db-data:/var/lib/postgresql/data'],
    healthcheck: healthy('pg_isready -q -h 127.0.0.1'),
  },
  fill: `psql -XAtq -U postgres -c 'create database shop' 2>/dev/null
    psql -XAtq -U postgres -v ON_ERROR_STOP=1 -v mark="$1" -f - shop <<'SQL'
begin;
drop table if exists state, big;
create table state as select :'mark' as word;
create table big as select i, md5(random()::text) as t from generate_series(1, 20000) i;
commit;
SQL`,
  content: `psql -XAtq -U postgres -c "select datname from pg_database order by 1"
    psql -XAtq -U postgres -c "select word, (select md5(string_agg(i || t, '' order by i)) from big) from state" shop`,
  leftovers: `ls -d /tmp/docker-rewind-* "$PGDATA"/docker-rewind-* 2>/dev/null
    psql -XAtq -U postgres -c "select application_name from pg_stat_activity where application_name like 'docker-rewind%'"`,
};

/** The servers that stand beside PostgreSQL, each in a project of its own. */
export const OTHERS = {
  redis: {
    service: {
      image: 'rewind-test/redis:7',
      command: ['redis-server', '--appendonly', 'yes', '--enable-debug-command', 'yes'],
      stop_grace_period: '5s',
      volumes: ['other-data:/data'],
      healthcheck: healthy('redis-cli ping | grep -q PONG'),
    },
    fill: `redis-cli -e SET state "$1" >/dev/null
      for i in 1 2 3 4 5; do head -c 100000 /dev/urandom | redis-cli -e -x SET "big:$i" >/dev/null || exit 1; done`,
    content: 'redis-cli -e GET state; redis-cli -e DEBUG DIGEST; redis-cli -e INFO replication | grep role',
    leftovers: 'ls -A /data | grep rewind',
  },
  mariadb: {
    service: {
      image: 'rewind-test/mariadb:10.11',
      command: ['mariadbd', '--innodb-flush-log-at-trx-commit=0'],
      environment: { MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: '1' },
      stop_grace_period: '5s',
      volumes: ['other-data:/var/lib/mysql'],
      healthcheck: healthy('mariadb-admin --host=127.0.0.1 --user=nobody ping'),
    },
    fill: `mariadb --user=root <<SQL
create database if not exists shop;
use shop;
create or replace table state as select '$1' as word;
create or replace table big as select seq, md5(rand()) as t from seq_1_to_20000;
SQL`,
    content: `mariadb --user=root -BN -e 'show databases; select word from shop.state; checksum table shop.big extended'`,
    leftovers: `mariadb --user=root -BN -e "select DB from information_schema.PROCESSLIST where DB like '%\\_\\_restore\\_%'"`,
  },
} satisfies Record<string, Server>;

/** The volumes of FaultProject, a PostgreSQL server, and one of another kind: all of them in every restore point. */
export class DatabaseProject extends FaultProject {
  readonly #servers: Readonly<Record<string, Server>>;

  private constructor(other: keyof typeof OTHERS) {
    super();
    this.#servers = { db: POSTGRES, other: OTHERS[other] };
  }

  static async with(other: keyof typeof OTHERS): Promise<DatabaseProject> {
    const project = new DatabaseProject(other);
    await project.start();
    return project;
  }

  override composeFile(): string {
    const file = JSON.parse(super.composeFile()) as {
      services: Record<string, object>;
      volumes: Record<string, object>;
    };
    for (const [name, { service }] of Object.entries(this.#servers)) file.services[name] = service;
    Object.assign(file.volumes, { 'db-data': {}, 'other-data': {} });
    const depends = { depends_on: { db: { condition: 'service_healthy' } } };
    Object.assign(file.services['web'] ?? {}, depends);
    return JSON.stringify(file, undefined, 2);
  }

  override get services(): string[] {
    return ['web', ...Object.keys(this.#servers)];
  }

  /** New content everywhere, with one mark, so that a mix would be seen. */
  override async fill(mark: string): Promise<void> {
    await super.fill(mark);
    for (const [name, { fill }] of Object.entries(this.#servers)) await this.#within(name, fill, mark);
  }

  /** What all volumes and databases hold, one line for each. */
  override async content(): Promise<string> {
    const lines = [`volumes ${await super.content()}`];
    for (const [name, { content }] of Object.entries(this.#servers))
      lines.push(`${name} ${(await this.#within(name, content)).replaceAll('\n', ' ')}`);
    return lines.join('\n');
  }

  override async leftovers(): Promise<string[]> {
    const left = await super.leftovers();
    for (const [name, { leftovers }] of Object.entries(this.#servers)) {
      const lines = (await this.#within(name, `${leftovers}; true`)).split('\n');
      left.push(...lines.filter((line) => line !== '').map((line) => `${name}: ${line}`));
    }
    return left;
  }

  async #within(service: string, script: string, ...args: string[]): Promise<string> {
    const argv = ['exec', this.containerOf(service), 'sh', '-c', script, 'sh', ...args];
    const { exitCode, stdout, stderr } = await this.docker(argv);
    if (exitCode !== 0) throw new Error(`${service}: exit ${exitCode}: ${stdout}${stderr}`);
    return stdout;
  }
}
