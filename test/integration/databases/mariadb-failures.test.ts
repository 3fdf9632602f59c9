import { expect } from 'chai';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { renderManifest } from '../../../src/restore-points/manifest.ts';
import { until } from '../world.ts';
import { flavourOf } from './mariadb-flavour.ts';
import { MariadbProject, PASSWORD } from './mariadb-project.ts';
import { MARIADB_SERVER } from './servers.ts';
import { backupIntoFullStore } from './small-store.ts';

const DATA = `
CREATE TABLE big (i INT PRIMARY KEY, t TEXT);
INSERT INTO big SELECT seq, CONCAT(SHA2(seq, 512), SHA2(-seq, 512)) FROM seq_1_to_60000;
CREATE TABLE small (one INT);
INSERT INTO small VALUES (1);
CREATE TABLE other (one INT);
CREATE TRIGGER copied AFTER INSERT ON small FOR EACH ROW INSERT INTO other VALUES (NEW.one);
CREATE VIEW ones AS SELECT one FROM small;`;

describe(`${MARIADB_SERVER}, where something fails`, () => {
  const { kind, variable } = flavourOf(MARIADB_SERVER);
  let project: MariadbProject;
  let point: string;
  let live: string;
  before(async () => {
    project = await MariadbProject.make({
      environment: [
        `${variable}_ROOT_PASSWORD: \${DB_PASSWORD:?}`,
        `${variable}_USER: reader`,
        `${variable}_PASSWORD: read`,
      ],
      // MySQL's own files are larger, and it keeps a log of what is written.
      data: ['tmpfs:', `  - /var/lib/mysql:size=${kind === 'mysql' ? 500 : 200}m,mode=0777`],
      service: ['restart: always'],
    });
    await project.sql('CREATE DATABASE shop; GRANT SELECT ON shop.* TO reader@"%"');
    await project.sql(DATA, 'shop');
    point = (await project.backup()).id;
    await project.sql("UPDATE small SET one = 2; INSERT INTO big VALUES (0, 'live')", 'shop');
    live = await project.contents('shop');
  });
  afterEach(async () => {
    expect(await project.contents('shop')).to.equal(live);
    expect(await project.leftovers()).to.deep.equal([]);
    expect((await project.containers('db'))[0]).to.include({ status: 'running', health: 'healthy' });
  });
  after(() => project.remove());

  const restore = (id: string): string[] => ['restore', id, '--yes', '--no-safety-backup'];

  /** Runs a command that has to fail in a way that says what state everything is in. */
  async function fails(args: string[], code: string, exit: number): Promise<any> {
    const points = (await project.json(['list'])).document.points.length;
    const { exitCode, document } = await project.json(args);
    expect([exitCode, document.error?.code], JSON.stringify(document)).to.deep.equal([exit, code]);
    expect(JSON.stringify(document)).to.not.include(PASSWORD);
    expect((await project.json(['list'])).document.points.length).to.equal(points);
    return document.error;
  }

  it('says so when the password is wrong, or not that of somebody who may read everything', async () => {
    await project.sql(
      `ALTER USER root@localhost IDENTIFIED BY 'another'; ALTER USER reader@'%' IDENTIFIED BY 'another'`,
    );
    project.password = 'another';
    try {
      const error = await fails(['backup'], 'CANNOT_CONNECT', 4);
      expect(error.message).to.match(/Access denied for user 'root'@'localhost'/);
      expect(error.hint).to.match(new RegExp(`${variable}_ROOT_PASSWORD`));
      await fails(['restore', point, '--yes'], 'CANNOT_CONNECT', 4);
      await project.sql(`ALTER USER reader@'%' IDENTIFIED BY 'read'`);
      const partial = await fails(['backup'], 'MAY_NOT_READ', 4);
      expect(partial.message).to.match(/reader@% may not read everything: it lacks .*TRIGGER/);
      await fails(restore(point), 'MAY_NOT_READ', 4);
    } finally {
      await project.sql(`ALTER USER root@localhost IDENTIFIED BY '${PASSWORD}'`);
      project.password = PASSWORD;
    }
    expect((await project.json(['backup'])).exitCode).to.equal(0);
  });

  /** Holds a table while something is done. */
  async function locked<T>(work: (release: () => Promise<void>) => Promise<T>): Promise<T> {
    const holder = project.trySql('LOCK TABLES small WRITE; SELECT SLEEP(600)', 'shop');
    const ids = async (): Promise<string> =>
      project.sql(`SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'`);
    await until('the lock', async () => (await ids()) !== '');
    const release = async (): Promise<void> => {
      for (const id of (await ids()).split('\n').filter((line) => line !== ''))
        await project.trySql(`KILL ${id}`);
      await holder;
    };
    try {
      return await work(release);
    } finally {
      await release();
    }
  }

  const waiting = (): Promise<string> =>
    project.sql(
      `SELECT ID FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%' AND (INFO LIKE '%SQL_NO_CACHE%' OR INFO LIKE 'show%')`,
    );

  it('notices a dump whose connection is dropped, and one whose tool is killed', async () => {
    for (const kill of [
      async () => project.sql(`KILL ${(await waiting()).trim().split('\n').join('; KILL ')}`),
      async () => project.inside('kill -KILL $(pidof mariadb-dump)'),
    ]) {
      await locked(async (release) => {
        const running = fails(['backup'], 'DATABASE_FAILED', 1);
        await until('the dump to wait', async () => (await waiting()) !== '', 60_000);
        await kill();
        await release();
        await running;
      });
    }
  });

  it('gives up on a dump when a table is held, and says by whom', async () => {
    await locked(async () => {
      const error = await fails(['backup'], 'LOCKED_TABLE', 1);
      expect(error.message).to.match(/the dump waited too long [^]*`?(small|other)`?/);
      expect(error.details).to.have.lengthOf(1);
      expect(error.details[0]).to.match(/^session \d+ of root@localhost, Query for \d+s$/);
    });
  });

  it('goes back when a table is held, and says by whom', async () => {
    await locked(async () => {
      const error = await fails(restore(point), 'LOCKED_TABLE', 1);
      expect(error.details.join()).to.match(/session \d+ of root@localhost/);
      // What others run may hold secrets.
      expect(JSON.stringify(error)).to.not.match(/SLEEP/);
    });
  });

  it('takes nothing for a dump that is none or not all of one, whatever the tool says of it', async () => {
    const ofTexts = 'case "$*" in *--routines*) ;; *) exec "$0.real" "$@" ;; esac';
    for (const script of [
      'exit 0',
      '"$0.real" "$@" 2>/dev/null | head -c 1000000',
      '"$0.real" "$@" | grep -a -v "^-- Dump completed"',
      `${ofTexts}; "$0.real" "$@" | grep -a -v "^-- Dump completed"`,
    ]) {
      const put =
        'tool=$(command -v mariadb-dump) && mv "$tool" "$tool.real" && printf "#!/bin/sh\\n%s\\nexit 0\\n" "$1" >"$tool" && chmod 755 "$tool"';
      await project.inside(put, script);
      try {
        const error = await fails(['backup'], 'DUMP_FAILED', 1);
        expect(error.message, script).to.match(/^db: the dump of .*shop was cut off before its end/);
      } finally {
        await project.inside('tool=$(command -v mariadb-dump) && mv "$tool.real" "$tool"');
      }
    }
  });

  it('notices that its connection is dropped in a load, within a statement and between two', async () => {
    const session = `SELECT ID FROM information_schema.PROCESSLIST WHERE DB LIKE 'shop\\_\\_restore\\_%'`;
    const within = `until id=$(mariadb --user=root -N -e "$1 AND INFO LIKE 'INSERT%'") && [ -n "$id" ] && mariadb --user=root -e "KILL $id"; do :; done`;
    // The client is held until the server has hung up.
    const between = `until client=$(grep -alE 'binary-mode.*--database=shop__restore_' /proc/[0-9]*/cmdline) && client=\${client#/proc/} && kill -STOP "\${client%%/*}"; do :; done
until id=$(mariadb --user=root -N -e "$1") && [ -n "$id" ]; do :; done
mariadb --user=root -e "KILL $id"
until [ -z "$(mariadb --user=root -N -e "$1")" ]; do :; done
kill -CONT "\${client%%/*}"`;
    for (const drop of [within, between]) {
      const running = fails(restore(point), 'DATABASE_FAILED', 1);
      await project.inside(`timeout 60 sh -c '${drop.replaceAll("'", `'\\''`)}' sh "$1"`, session);
      expect((await running).message).to.match(/loading db\/shop failed: .*(?:connection|gone away)/i);
    }
  });

  it('leaves nothing of a dump for which the store has no room', () => backupIntoFullStore(project, '3m'));

  /** Leaves so many megabytes of the server's disk while something is done. */
  async function withLittleRoom(megabytes: number, work: () => Promise<void>): Promise<void> {
    const free = Number(await project.inside('df -Pm /var/lib/mysql | awk "NR == 2 { print \\$4 }"'));
    await project.inside(
      'head -c "$1" /dev/zero >/var/lib/mysql/ballast || true',
      String(Math.max(0, free - megabytes) * 1024 * 1024),
    );
    try {
      await work();
    } finally {
      await project.inside('rm /var/lib/mysql/ballast');
    }
  }

  // MySQL would stand still for ever, with everybody who uses it.
  it('refuses a load for which the server has no room, before it fills its disk', () =>
    withLittleRoom(20, async () => {
      const error = await fails(restore(point), 'NO_SPACE', 4);
      expect(error.message).to.match(/needed, (19|20|21)\S* MB are free. Nothing was changed/);
    }));

  if (kind === 'mariadb') {
    it('gives up on a load while which its disk is filled', async () => {
      const running = project.json(restore(point));
      const loading = 'ls /var/lib/mysql/shop__restore_*/big.ibd 2>/dev/null || true';
      await until('rows are loaded', async () => (await project.inside(loading)) !== '');
      await withLittleRoom(0, async () => {
        const { exitCode, document } = await running;
        expect(exitCode, JSON.stringify(document)).to.equal(1);
        expect(document.error.message).to.match(/full|space|room/i);
      });
    });
  }

  it('refuses a dump that is damaged or cut, before anything changes', async () => {
    const dump = (id: string): string => project.path(`.rewind/points/${id}/databases/db/shop.sql.zst`);
    const bytes = readFileSync(dump(point));
    try {
      const bad = Buffer.from(bytes);
      const middle = Math.floor(bytes.length / 2);
      bad[middle] = (bad[middle] ?? 0) ^ 1;
      writeFileSync(dump(point), bad);
      await fails(restore(point), 'DAMAGED', 4);
      writeFileSync(dump(point), bytes);
      truncateSync(dump(point), bytes.length - 1);
      await fails(restore(point), 'DAMAGED', 4);
    } finally {
      writeFileSync(dump(point), bytes);
    }
    // Sealed all the same, as no version of this program does it: cut off, with a row less, with a statement that fails.
    const sql = zstdDecompressSync(bytes);
    const changes: [string, (sql: Buffer) => Buffer][] = [
      ['DAMAGED', (whole) => whole.subarray(0, Math.floor(whole.length * 0.7))],
      [
        'NOT_AS_DUMPED',
        (whole) => Buffer.from(whole.toString('latin1').replace(/\n\(59999,.*\n/, '\n'), 'latin1'),
      ],
      [
        'DATABASE_FAILED',
        (whole) => Buffer.from(whole.toString('latin1').replace('\n(59999,', '\n(1,'), 'latin1'),
      ],
    ];
    for (const [index, [code, change]] of changes.entries()) {
      const id = `${point.slice(0, -4)}ccc${index}`;
      cpSync(project.path(`.rewind/points/${point}`), project.path(`.rewind/points/${id}`), {
        recursive: true,
      });
      const changed = change(sql);
      const packed = zstdCompressSync(changed);
      writeFileSync(dump(id), packed);
      const path = project.path(`.rewind/points/${id}/manifest.json`);
      const { checksum: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
      manifest.id = id;
      const [artifact] = manifest.databases;
      artifact.dump.bytes = packed.length;
      artifact.dump.sha256 = createHash('sha256').update(packed).digest('hex');
      if (code !== 'DAMAGED') artifact.details.programsAt -= sql.length - changed.length;
      writeFileSync(path, renderManifest(manifest));
      try {
        const { exitCode, document } = await project.json(restore(id));
        expect([exitCode === 0, document.error?.code], JSON.stringify(document)).to.deep.equal([false, code]);
        expect(document.error.message).to.match(/Nothing was changed/);
      } finally {
        rmSync(project.path(`.rewind/points/${id}`), { recursive: true });
      }
    }
  });

  it('refuses to replace a database that a foreign key of another one leads into, but replaces both', async () => {
    await project.sql(
      `CREATE DATABASE crm; CREATE TABLE crm.notes (i INT, FOREIGN KEY (i) REFERENCES shop.big (i)); INSERT INTO crm.notes VALUES (1)`,
    );
    const error = await fails(restore(point), 'FOREIGN_KEYS', 4);
    expect(error.message).to.match(/foreign key of crm\.notes leads to shop\.big/);
    const { id } = await project.backup();
    await project.sql('DELETE FROM crm.notes');
    await project.must(restore(id));
    expect(await project.sql('SELECT i FROM crm.notes')).to.equal('1\n');
    // It leads into the database of today: what is not there is refused.
    expect((await project.trySql('INSERT INTO crm.notes VALUES (999999)')).stderr).to.match(
      /foreign key constraint fails/,
    );
    expect(await project.sql('SHOW CREATE TABLE crm.notes')).to.match(/REFERENCES `shop`\.`big`/);
    await project.sql('DROP DATABASE crm');
  });
});
