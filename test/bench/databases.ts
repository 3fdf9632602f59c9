import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { ROOT } from '../e2e/build.ts';
import { databaseReport, DUMP, OWN_DUMP, OWN_RESTORE, RESTORE } from './database-report.ts';
import { inTurn } from './measure.ts';
import { OwnDisk } from './own-disk.ts';

const TIME = '/usr/bin/time';

/**
 * npm run bench -- databases [--runs N] [--megabytes M] [--version 15|17]: dump and restore of one PostgreSQL database, each in
 * turn with the bare tool and the same compression, on a disk of its own. Prints a section for docs/benchmarks.md.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: 'string' }, megabytes: { type: 'string' }, version: { type: 'string' } },
  });
  const [version, runs] = [values.version ?? '17', Number(values.runs ?? 5)];
  const bench = await DatabaseBench.make(version, Number(values.megabytes ?? 1000));
  try {
    const ways = {
      [DUMP]: () => bench.bareDump(),
      [OWN_DUMP]: () => bench.rewind(['backup', 'db/bench']),
      [RESTORE]: () => bench.bareRestore(),
      [OWN_RESTORE]: () => bench.rewind(['restore', 'latest', '--yes', '--no-safety-backup']),
    };
    const samples = await inTurn(runs, ways, () => bench.rest());
    const report = databaseReport(samples, { version, runs, peak: bench.peak, ...(await bench.sizes()) });
    process.stdout.write(`${report}\n`);
  } finally {
    await bench.remove();
  }
}

class DatabaseBench {
  readonly #name = `rwbench${process.pid}`;
  readonly #disk: OwnDisk;
  readonly #level: string;
  /** Megabytes of the largest process of all our runs. */
  peak = 0;

  private constructor(disk: OwnDisk, version: string) {
    this.#disk = disk;
    this.#level = version === '15' ? '3' : 'zstd:3';
  }

  static async make(version: string, megabytes: number): Promise<DatabaseBench> {
    const bench = new DatabaseBench(await OwnDisk.make(Math.ceil(4 + (megabytes * 10) / 1000)), version);
    try {
      await bench.#prepare(version, megabytes);
      return bench;
    } catch (error) {
      await bench.remove();
      throw error;
    }
  }

  async #prepare(version: string, megabytes: number): Promise<void> {
    mkdirSync(this.#path('project/data'), { recursive: true });
    // Autovacuum, which would clean up after one way while the next one is measured, is off.
    writeFileSync(this.#path('project/compose.yml'), [
      `name: ${this.#name}`, 'services:', '  db:', `    image: rewind-test/postgres:${version}`, '    shm_size: 256m',
      '    command: [postgres, -c, autovacuum=off]',
      '    environment: {POSTGRES_PASSWORD: bench}', "    volumes: ['./data:/var/lib/postgresql/data']",
      '    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1], interval: 1h, start_period: 2m, start_interval: 300ms}', '',
    ].join('\n')); // prettier-ignore
    await this.#docker('compose', 'up', '-d', '--wait', '--pull', 'never');
    await this.#sql('postgres', 'create database bench');
    // Half of it text that compresses as text does, half numbers, with indexes.
    await this.#sql('bench', `create table words as select i as id, md5(i::text) || ' lorem ipsum dolor sit amet, consectetur ' || md5((i * 7)::text) as body
      from generate_series(1, ${Math.round(megabytes * 3000)}) i`); // prettier-ignore
    await this.#sql('bench', 'alter table words add primary key (id)');
    await this.#inside(
      'pgbench -U postgres -q -i -s "$1" bench',
      String(Math.max(1, Math.round(megabytes / 32))),
    );
    await this.#sql('bench', 'vacuum analyze');
    await this.#sql('bench', 'checkpoint');
  }

  async bareDump(): Promise<void> {
    await execa('docker', ['compose', 'exec', '-T', 'db', 'pg_dump', '-U', 'postgres', '-Fc', '-Z', this.#level, 'bench'], {
      cwd: this.#path('project'),
      stdout: { file: this.#path('bare.dump') },
      buffer: false,
    }); // prettier-ignore
    await execa('sync', [this.#path('bare.dump')]);
  }

  /** From a file that is in the container already, into a new database. */
  async bareRestore(): Promise<void> {
    if (!existsSync(this.#path('project/data/bare.dump')))
      await execa('cp', [this.#path('bare.dump'), this.#path('project/data/bare.dump')]);
    await this.#inside(
      'dropdb -U postgres --if-exists copy; createdb -U postgres -T template0 copy; pg_restore -U postgres -j 2 -d copy "$PGDATA/bare.dump"',
    );
  }

  async rewind(args: readonly string[]): Promise<void> {
    const result = await execa(TIME, ['-f', '%M', join(ROOT, 'bin/docker-rewind'), ...args], {
      cwd: this.#path('project'),
    });
    this.peak = Math.max(this.peak, Number(result.stderr.split('\n').at(-1)) / 1024);
  }

  /** What one way leaves to be written must not be written while the next one is measured. */
  async rest(): Promise<void> {
    await this.#sql('postgres', 'checkpoint');
    await execa('sync', ['--file-system', this.#disk.directory]);
  }

  /** Of the database in the server, and of its dump. */
  async sizes(): Promise<{ server: string; stored: string }> {
    const points = this.#path('project/.rewind/points');
    const newest = readdirSync(points).sort().at(-1) ?? '';
    const { size } = statSync(join(points, newest, 'databases/db/bench.dump'));
    const server = await this.#sql('bench', "select pg_size_pretty(pg_database_size('bench'))");
    return { server: server.trim(), stored: `${(size / 1e6).toFixed(0)} MB` };
  }

  async remove(): Promise<void> {
    await this.#docker('compose', 'down', '-v', '-t', '0');
    await this.#disk.remove();
  }

  #path(name: string): string {
    return this.#disk.path(name);
  }

  async #docker(...args: string[]): Promise<string> {
    return (await execa('docker', args, { cwd: this.#path('project') })).stdout;
  }

  async #inside(script: string, ...args: string[]): Promise<string> {
    return this.#docker('compose', 'exec', '-T', 'db', 'sh', '-c', script, 'sh', ...args);
  }

  async #sql(database: string, text: string): Promise<string> {
    return this.#docker(
      'compose',
      'exec',
      '-T',
      'db',
      'psql',
      '-XAtqU',
      'postgres',
      '-d',
      database,
      '-c',
      text,
    );
  }
}
