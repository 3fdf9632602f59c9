import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../../e2e/installed.ts';
import { until } from '../world.ts';
import { flavourOf } from './mariadb-flavour.ts';
import { GRANTS, ODD } from './mariadb-everything.ts';
import { SAKILA } from './mariadb-sakila.ts';
import { MariadbProject, PASSWORD } from './mariadb-project.ts';
import { MARIADB_SERVER, MARIADB_SERVERS } from './servers.ts';

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

for (const image of MARIADB_SERVERS) {
  const [, version = ''] = image.split(':');
  const { kind, collation, everything, accounts: people, damage } = flavourOf(image);
  describe(`${kind === 'mysql' ? 'MySQL' : 'MariaDB'} ${version}`, () => {
    let project: MariadbProject;
    before(async () => {
      // The newer one finds root's password in a file, and nowhere else.
      project = await MariadbProject.make(
        version === '11' ? { image, passwordFile: 'MARIADB_ROOT_PASSWORD_FILE' } : { image },
      );
      await project.sql(`CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE ${collation};
CREATE DATABASE ${quoted(ODD)} CHARACTER SET utf8mb3;\n${people}`);
      for (const name of ['shop', ODD]) await project.sql(everything, name);
      await project.sql(GRANTS, 'shop');
    });
    after(() => project.remove());

    it('comes back to the row, the trigger and the grant, whatever happened to it since', async () => {
      const before = { shop: await project.contents('shop'), odd: await project.contents(ODD) };
      const accounts = await project.accounts();
      const point = await project.backup();
      expect(
        point.databases.map((database: any) => [
          database.key,
          database.engine,
          database.version.startsWith(`${version}.`),
        ]),
      ).to.deep.equal([ODD, 'shop'].sort().map((name) => [`db/${name}`, kind, true]));
      expect(point.volumes).to.deep.equal([]);
      expect(JSON.stringify(point)).to.not.contain(PASSWORD);
      await project.sql(damage, 'shop');
      await project.sql(`DROP DATABASE ${quoted(ODD)}; DROP USER clerk@'%'; DROP ROLE keeper;`);
      const { exitCode, document } = await project.json(['restore', point.id, '--only', 'db/shop', '--yes']);
      expect(exitCode, JSON.stringify(document, undefined, 1)).to.equal(0);
      expect(await project.contents('shop')).to.equal(before.shop);
      expect(await project.databases()).to.deep.equal(['shop']);
      await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
      expect(await project.contents('shop')).to.equal(before.shop);
      expect(await project.contents(ODD)).to.equal(before.odd);
      expect(await project.accounts()).to.equal(accounts);
      expect(await project.leftovers()).to.deep.equal([]);
    });

    it('is dumped from one snapshot of all databases while others write, and swapped under their feet', async () => {
      await project.sql(`CREATE TABLE shop.ledger (n INT AUTO_INCREMENT PRIMARY KEY); CREATE TABLE ${quoted(ODD)}.ledger (n INT PRIMARY KEY);
CREATE TABLE shop.ready (n INT);`);
      await project.sql(
        `DELIMITER ;;
CREATE PROCEDURE work() BEGIN
  LOOP
    START TRANSACTION;
    INSERT INTO shop.ledger VALUES ();
    INSERT INTO ${quoted(ODD)}.ledger VALUES (LAST_INSERT_ID());
    COMMIT;
  END LOOP;
END;;`,
        'shop',
      );
      const writer = spawn('docker', [...project.client('shop'), '-e', 'CALL work()'], {
        cwd: project.directory,
        stdio: 'ignore',
      });
      const ended = once(writer, 'exit');
      await until(
        'rows to be written',
        async () => Number(await project.sql('SELECT COUNT(*) FROM shop.ledger')) > 50,
      );
      const point = await project.backup();
      const rowsOf = (key: string): number =>
        point.databases
          .find((each: any) => each.key === key)
          .tables.find((table: any) => table.name === 'ledger').rows;
      const rows = rowsOf('db/shop');
      expect(rows)
        .to.equal(rowsOf(`db/${ODD}`))
        .and.to.be.above(50);
      await project.must(['restore', point.id, '--yes', '--no-safety-backup']);
      // It goes on in the restored tables, as if nothing had been, or stumbles over a number that is there again.
      await project
        .sql(
          `SELECT CONCAT('KILL ', ID, ';') FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND DB = 'shop'`,
        )
        .then((kills) => project.trySql(kills));
      await ended;
      expect(
        await project.sql(
          `SELECT COUNT(*) >= ${rows}, COUNT(*) - COUNT(b.n) FROM shop.ledger a LEFT JOIN ${quoted(ODD)}.ledger b USING (n)`,
        ),
      ).to.equal('1\t0\n');
      await project.sql(
        `DROP PROCEDURE shop.work; DROP TABLE shop.ledger, shop.ready, ${quoted(ODD)}.ledger`,
      );
      expect(await project.leftovers()).to.deep.equal([]);
    });

    // One version tells about the others in what follows.
    if (image !== MARIADB_SERVER) return;

    it('goes beside the live database under another name, and never over one that is there', async () => {
      await project.sql(
        'CREATE TABLE pages (b LONGBLOB); INSERT INTO pages SELECT REPEAT(UNHEX("00FF0A27"), 3000000)',
        'shop',
      );
      const before = await project.contents('shop');
      const { id } = await project.backup('db/shop', '--no-counts');
      const beside = ['restore', id, '--only', 'db/shop', '--to-database', 'shop check'];
      await project.must(beside);
      // Larger than one statement may be in this server, whose limit is as it was.
      expect(await project.sql('SELECT SHA2(b, 256) FROM shop.pages')).to.equal(
        await project.sql('SELECT SHA2(b, 256) FROM `shop check`.pages'),
      );
      expect(await project.sql('SELECT @@GLOBAL.max_allowed_packet')).to.equal('16777216\n');
      const rows =
        "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, name, mail, data, HEX(raw), price, shout, secret))) FROM customers";
      expect(await project.sql(rows, 'shop check')).to.equal(await project.sql(rows, 'shop'));
      await project.sql('INSERT INTO numbered (x) VALUES (4)', 'shop check');
      expect((await project.json(beside)).document.error.code).to.equal('DATABASE_EXISTS');
      expect(await project.contents('shop')).to.equal(before);
      await project.sql('DROP DATABASE `shop check`; DROP TABLE shop.pages');
      expect(await project.leftovers()).to.deep.equal([]);
    });

    it('comes back where it is gone altogether: a well-known sample schema', async () => {
      await project.sql('CREATE DATABASE sakila CHARACTER SET utf8mb4');
      await project.sql(SAKILA, 'sakila');
      const before = await project.contents('sakila');
      const views =
        'SELECT * FROM sales_by_store; CALL film_in_stock(1, 2, @n); SELECT @n; SELECT COUNT(*), MAX(actors) FROM film_list';
      const shown = await project.sql(views, 'sakila');
      const { id } = await project.backup('db/sakila');
      await project.sql('DROP DATABASE sakila');
      await project.must(['restore', id, '--yes', '--no-safety-backup']);
      expect(await project.contents('sakila')).to.equal(before);
      expect(await project.sql(views, 'sakila')).to.equal(shown);
      expect(
        await project.sql(
          "UPDATE film SET title = 'NEW' WHERE film_id = 1; SELECT title FROM film_text WHERE film_id = 1",
          'sakila',
        ),
      ).to.equal('NEW\n');
      await project.sql('DROP DATABASE sakila');
      expect(await project.leftovers()).to.deep.equal([]);
    });

    it('is put back with its own tools alone, as docs/databases.md says', async () => {
      const before = await project.contents('shop');
      const accounts = await project.accounts();
      const { id } = await project.backup('db/shop');
      await project.sql("DROP DATABASE shop; DROP USER clerk@'%'");
      const text = readFileSync(join(ROOT, 'docs/databases.md'), 'utf8');
      const script = /<!-- by-hand-mariadb[^\n]*\n+```sh\n(.*?)```/s.exec(text)?.[1] ?? '';
      expect(script).to.match(/--binary-mode/);
      // The client is in the container; not every machine has the program zstd.
      const program = (name: string, body: string): void => {
        project.write(`bin/${name}`, `#!/bin/sh\n${body}\n`);
        chmodSync(project.path(`bin/${name}`), 0o755);
      };
      program(
        'mariadb',
        `exec docker compose exec -T -e MYSQL_PWD db ${kind} --user=root --default-character-set=utf8mb4 "$@"`,
      );
      program(
        'zstd',
        `exec "${process.execPath}" -e 'fs.createReadStream(process.argv[1]).pipe(zlib.createZstdDecompress()).pipe(process.stdout)' "$2"`,
      );
      const outcome = await run('sh', ['-euc', script], {
        cwd: project.directory,
        env: {
          PATH: `${project.path('bin')}:${process.env['PATH'] ?? ''}`,
          MYSQL_PWD: PASSWORD,
          POINT: project.path(`.rewind/points/${id}`),
          SERVICE: 'db',
          DATABASE: 'shop',
          TARGET: 'shop',
          CHARSET: 'utf8mb4',
          COLLATION: collation,
        },
      });
      expect(outcome.exitCode, outcome.stderr).to.equal(0);
      expect(await project.contents('shop')).to.equal(before);
      expect(await project.accounts()).to.equal(accounts);
    });

    it('is listed with its tables and rows, and shows its password to nobody', async () => {
      const from = Date.now();
      const { document, ...dumped } = await project.watch(['backup'], 'db/shop');
      const { id } = document;
      const times = await project.dumpTimes(id, { from, to: Date.now() });
      expect(times).to.have.length(2);
      expect(times[0]?.taken).to.equal(times[1]?.taken);
      const inspected = await project.rewind(['inspect', id]);
      expect(inspected.stdout)
        .to.match(/db\/shop +(?:mariadb 1[01]|mysql \d)\.\d+/)
        .and.to.match(/db\/shop customers +2003/);
      const loaded = await project.watch(['restore', id, '--yes'], 'db/shop');
      for (const { bytes, tables } of [dumped, loaded]) {
        expect(tables).to.include('customers');
        expect(bytes).to.deep.equal([...bytes].sort((a, b) => a - b));
        expect(bytes.at(-1)).to.be.above(100_000);
      }
      expect(loaded.said).to.not.include(PASSWORD);
      expect(() => execFileSync('grep', ['-rl', PASSWORD, project.path('.rewind')])).to.throw();
    });

    // Another server of a later version is needed for the rest.
    if (image !== 'mariadb:10.11') return;

    it('says what it does when the server is of a later version by now, and comes back there', async () => {
      // The server's own checksums are of how it stores rows, which differs between versions.
      const sums = async (): Promise<string> =>
        project.sql(
          `SELECT id, name, mail, grade, tags, data, bits + 0, HEX(raw), HEX(fixed), ST_AsText(place), born, seen, price, ratio, shout, short, secret FROM customers ORDER BY id;
SELECT * FROM orders ORDER BY id; SELECT * FROM parts ORDER BY id; SELECT * FROM old ORDER BY id; SELECT * FROM safe; SELECT * FROM versions FOR SYSTEM_TIME ALL ORDER BY 1, 2`,
          'shop',
        );
      const [{ id }, before] = [await project.backup(), await sums()];
      await project.docker(['compose', 'down', '-v', '-t', '0']);
      project.writeFile({ image: 'mariadb:11' });
      await project.up();
      const { document } = await project.json(['restore', id, '--dry-run']);
      expect(JSON.stringify(document)).to.match(/dumped by version 10\.11, loaded into version 11\.\d+/);
      await project.must(['restore', id, '--yes']);
      expect(await sums()).to.equal(before);
      expect(await project.databases()).to.deep.equal(['shop', ODD]);
      expect(
        await project.sql(
          'SELECT CONCAT(User, "@", Host) FROM mysql.user WHERE User IN ("clerk", "keeper", "stranger") ORDER BY 1',
        ),
      ).to.equal('clerk@%\nkeeper@\n');
      expect(await project.sql('CALL report(0, @n); SELECT @n > 0', 'shop')).to.equal('1\n');
    });
  });
}
