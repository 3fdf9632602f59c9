import { expect } from 'chai';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import { until } from '../world.ts';
import { PASSWORD, PostgresProject } from './postgres-project.ts';
import { backupIntoFullStore } from './small-store.ts';

/** Rows that do not compress, so that dump and load take a while. */
const BULK = `
create table big as select i, encode(sha256(i::text::bytea), 'hex') || encode(sha512(i::text::bytea), 'hex') as t
  from generate_series(1, 150000) i;
alter table big add primary key (i);
create table small as select 1 as one;
create role owner; alter table small owner to owner;`;

describe('PostgreSQL, where something fails', () => {
  let project: PostgresProject;
  let point: string;
  let live: string;
  before(async () => {
    // A tablespace of its own, on a disk of its own, lets that disk be full without harm to the server.
    project = await PostgresProject.make({ service: ['tmpfs:', '  - /small:size=120m,uid=999,mode=0777'] });
    await project.inside('mkdir /small/space && chown postgres /small/space && chmod 700 /small/space');
    await project.sql("create tablespace small location '/small/space'");
    await project.sql('create database shop tablespace small');
    await project.sql(BULK, 'shop');
    point = (await project.backup()).id;
    await project.sql("update small set one = 2; insert into big values (0, 'live')", 'shop');
    live = await project.contents('shop');
  });
  afterEach(async () => {
    await project.up();
    expect(await project.contents('shop')).to.equal(live);
    expect(await project.leftovers()).to.deep.equal([]);
    expect(await project.hasCrashed()).to.equal(false);
    expect((await project.containers('db'))[0]).to.include({ status: 'running', health: 'healthy' });
  });
  after(() => project.remove());

  /** Runs a command that has to fail in a way that says what state everything is in. */
  async function fails(args: string[], code: string, exit: number): Promise<any> {
    const points = (await project.json(['list'])).document.points.length;
    const { exitCode, document } = await project.json(args);
    expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([exit, code]);
    expect(JSON.stringify(document)).to.not.include(PASSWORD);
    expect((await project.json(['list'])).document.points.length).to.equal(points);
    return document.error;
  }

  /** Ends a command's sessions as soon as one is at such a statement. The server looks for itself: from here one may be missed. */
  async function whileSessionsEnd(args: string[], during: string) {
    const ending = project.sql(
      `do $$ declare ended int; begin
        for look in 1..60000 loop
          perform pg_stat_clear_snapshot();
          select count(pg_terminate_backend(pid)) into ended from pg_stat_activity
            where application_name like 'docker-rewind%' and query ~* '${during}';
          exit when ended > 0;
          perform pg_sleep(0.001);
        end loop;
      end $$`,
    );
    const outcome = await project.json(args);
    await ending;
    return outcome;
  }

  it('says so when the password is wrong, and works with the right one', async () => {
    // Where it says md5, a password that is kept in a newer way is asked for in that.
    await project.inside('sed -i s/trust/md5/ "$PGDATA/pg_hba.conf"');
    await project.sql("alter role postgres password 'another'; select pg_reload_conf()");
    try {
      const error = await fails(['backup'], 'CANNOT_CONNECT', 4);
      expect(error.message).to.match(/password authentication failed for user "postgres"/);
      expect(error.hint).to.match(/POSTGRES_PASSWORD/);
      await fails(['restore', point, '--yes'], 'CANNOT_CONNECT', 4);
    } finally {
      const repair = `PGPASSWORD=another psql -U postgres -c "alter role postgres password '${PASSWORD}'"`;
      await project.inside(repair);
    }
    expect((await project.json(['backup'])).exitCode).to.equal(0);
    await project.inside('sed -i s/md5/trust/ "$PGDATA/pg_hba.conf"; kill -HUP 1');
    await until('trust', async () => (await project.trySql('select 1')).exitCode === 0);
  });

  it('does not take the part that a role may read for the whole', async () => {
    // The role that the server was made with is a superuser for ever, whatever its name.
    const asKeeper = (sql: string): Promise<string> => project.inside('psql -U keeper postgres -c "$1"', sql);
    await project.sql('create role keeper superuser login');
    await asKeeper('alter role postgres rename to first');
    await asKeeper('create role postgres login');
    try {
      const error = await fails(['backup'], 'DATABASE_FAILED', 1);
      expect(error.message).to.match(/permission denied/);
      await fails(['restore', point, '--yes', '--no-safety-backup'], 'DATABASE_FAILED', 1);
    } finally {
      await asKeeper('drop role postgres');
      await asKeeper('alter role first rename to postgres');
    }
    await project.sql('drop role keeper');
  });

  it('names the table that is locked, and who holds it', async () => {
    const holder = project.trySql('begin; lock table small; select pg_sleep(600)', 'shop');
    const waiting = "from pg_locks where mode = 'AccessExclusiveLock' and relation::regclass::text = 'small'";
    await until('the lock', async () => (await project.sql(`select 1 ${waiting}`, 'shop')).trim() === '1');
    const error = await fails(['backup'], 'LOCKED_TABLE', 1);
    expect(error.message).to.match(/locked for longer than 30 s: (public\.)?small/);
    expect(error.details.join()).to.match(/process \d+ of postgres/);
    await project.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query ~ '^begin; lock|pg_sleep' and pid <> pg_backend_pid()",
    );
    await holder;
  });

  it('notices a connection that is dropped, in a dump and in a load', async () => {
    const dump = await whileSessionsEnd(['backup'], '^copy');
    expect([dump.exitCode, dump.document.error?.code]).to.deep.equal([1, 'DATABASE_FAILED']);
    const load = await whileSessionsEnd(['restore', point, '--yes', '--no-safety-backup'], '^copy');
    expect([load.exitCode, load.document.error?.code]).to.deep.equal([1, 'DATABASE_FAILED']);
  });

  it('notices a tool that is killed in the container', async () => {
    const killTool = async (name: string, args: string[]): Promise<number> => {
      const kill = `end=$(($(date +%s) + 60))
        while [ "$(date +%s)" -lt "$end" ]; do
          for p in /proc/[0-9]*; do
            case $(tr "\\0" " " <$p/cmdline 2>/dev/null) in "$1 --"*) kill -KILL \${p#/proc/} && exit ;; esac
          done
        done`;
      const [{ exitCode }] = await Promise.all([project.json(args), project.inside(kill, name)]);
      return exitCode;
    };
    expect(await killTool('pg_dump', ['backup'])).to.equal(1);
    expect(await killTool('pg_restore', ['restore', point, '--yes', '--no-safety-backup'])).to.equal(1);
  });

  it('takes nothing for a dump that is none or not all of one, whatever the tool says of it', async () => {
    const lies: [tool: string, script: string, message: RegExp][] = [
      ['pg_dump', 'exit 0', /dump of db\/shop was cut off before its end/],
      [
        'pg_dump',
        '"$0.real" "$@" 2>/dev/null | head -c 3000000',
        /dump of db\/shop was cut off before its end/,
      ],
      ['pg_dump', '"$0.real" "$@" | head -c -1', /dump of db\/shop was cut off before its end/],
      ['pg_dumpall', 'exit 0', /dump of roles and grants was cut off/],
    ];
    for (const [tool, script, message] of lies) {
      const put =
        'tool=$(command -v "$1") && mv "$tool" "$tool.real" && printf "#!/bin/sh\\n[ \\$1 != -V ] || exec \\$0.real -V\\n%s\\nexit 0\\n" "$2" >"$tool" && chmod 755 "$tool"';
      await project.inside(put, tool, script);
      try {
        const error = await fails(['backup'], 'DUMP_FAILED', 1);
        expect(error.message, script).to.match(message);
      } finally {
        await project.inside('tool=$(command -v "$1") && mv "$tool.real" "$tool"', tool);
      }
    }
  });

  it('leaves nothing of a dump for which the store has no room', () => backupIntoFullStore(project, '6m'));

  it('gives up on a load for which the server has no room, and takes nothing of it', async () => {
    // The database is as large as the small disk has room left: loading it again fills that.
    const free = Number(await project.inside('df -Pm /small | awk "NR == 2 { print \\$4 }"'));
    await project.inside(
      'head -c "$1" /dev/zero >/small/ballast',
      String(Math.max(0, free - 20) * 1024 * 1024),
    );
    try {
      const error = await fails(['restore', point, '--yes', '--no-safety-backup'], 'DATABASE_FAILED', 1);
      expect(error.message)
        .to.match(/No space left on device/)
        .and.to.match(/Nothing was changed/);
    } finally {
      await project.inside('rm /small/ballast');
    }
  });

  it('refuses a dump that is damaged, cut, or no whole archive, before anything changes', async () => {
    const dump = (id: string): string => project.path(`.rewind/points/${id}/databases/db/shop.dump`);
    const bytes = readFileSync(dump(point));
    try {
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const bad = Buffer.from(bytes);
        bad[at] = (bad[at] ?? 0) ^ 1;
        writeFileSync(dump(point), bad);
        const error = await fails(['restore', point, '--yes', '--no-safety-backup'], 'DAMAGED', 4);
        expect(error.message).to.match(/shop\.dump .* damaged/);
      }
      truncateSync(dump(point), bytes.length - 1);
      await fails(['restore', point, '--yes', '--no-safety-backup'], 'DAMAGED', 4);
    } finally {
      writeFileSync(dump(point), bytes);
    }
    // Cut off and sealed all the same, as no version of this program does it.
    const cut = `${point.slice(0, -4)}cccc`;
    cpSync(project.path(`.rewind/points/${point}`), project.path(`.rewind/points/${cut}`), {
      recursive: true,
    });
    const short = bytes.subarray(0, Math.floor(bytes.length * 0.7));
    writeFileSync(dump(cut), short);
    const { checksum: _, ...manifest } = JSON.parse(
      readFileSync(project.path(`.rewind/points/${cut}/manifest.json`), 'utf8'),
    );
    manifest.id = cut;
    manifest.databases[0].dump.bytes = short.length;
    manifest.databases[0].dump.sha256 = createHash('sha256').update(short).digest('hex');
    writeFileSync(project.path(`.rewind/points/${cut}/manifest.json`), renderManifest(manifest));
    const error = await fails(['restore', cut, '--yes', '--no-safety-backup'], 'DATABASE_FAILED', 1);
    expect(error.message).to.match(/Nothing was changed/);
    // Fewer rows than were dumped, although the archive is whole.
    manifest.id = `${point.slice(0, -4)}dddd`;
    const other = project.path(`.rewind/points/${manifest.id}`);
    cpSync(project.path(`.rewind/points/${point}`), other, { recursive: true });
    const { dump: whole } = JSON.parse(
      readFileSync(project.path(`.rewind/points/${point}/manifest.json`), 'utf8'),
    ).databases[0];
    manifest.databases[0].dump = whole;
    manifest.databases[0].tables[0].rows += 1;
    writeFileSync(`${other}/manifest.json`, renderManifest(manifest));
    const unequal = await fails(['restore', manifest.id, '--yes', '--no-safety-backup'], 'NOT_EQUAL', 1);
    expect(unequal.details.join()).to.match(/public\.big: 150000 rows instead of 150001/);
    for (const id of [cut, manifest.id]) rmSync(project.path(`.rewind/points/${id}`), { recursive: true });
  });

  it('refuses what cannot be replaced or dumped, and says what to do', async () => {
    await project.sql('begin; insert into small values (3); prepare transaction $$half$$', 'shop');
    const held = await fails(['restore', point, '--yes', '--no-safety-backup'], 'HELD_DATABASE', 4);
    expect(held.message).to.match(/the prepared transaction half/);
    await project.sql('rollback prepared $$half$$', 'shop');
  });
});

describe('a PostgreSQL server that does not run', () => {
  let project: PostgresProject;
  beforeEach(async () => {
    project = await PostgresProject.make();
  });
  afterEach(() => project.remove());

  it('is no empty database: backup and restore refuse, and say what to do', async () => {
    await project.sql('create database shop');
    const point = (await project.backup()).id;
    await project.docker(['compose', 'stop', '-t', '0', 'db']);
    for (const args of [['backup'], ['restore', point, '--yes']]) {
      const { exitCode, document } = await project.json(args);
      expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([4, 'NOT_RUNNING']);
      expect(document.error.hint).to.match(/docker compose up --detach --wait db/);
    }
    // Its files can be taken while it is down, where that is asked for by name.
    expect((await project.json(['backup', 'db-data'])).document.volumes[0].consistency).to.equal('no-writer');
    await project.up();
    expect(await project.leftovers()).to.deep.equal([]);
  });
});
