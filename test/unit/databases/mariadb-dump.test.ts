import { expect } from 'chai';
import { accountsText, parseAccounts, type Account } from '../../../src/databases/mysql/accounts.ts';
import { missingAccounts } from '../../../src/databases/mysql/missing-accounts.ts';
import { lines, renameDatabases, RowCounter } from '../../../src/databases/mysql/dump-lines.ts';
import { DumpSections } from '../../../src/databases/mysql/dump-sections.ts';
import { reasons } from '../../../src/databases/mysql/failure.ts';
import { keptName, loadingName } from '../../../src/databases/mysql/names.ts';
import { inOrderOfUse } from '../../../src/databases/mysql/view-order.ts';

const HEADER =
  '/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\n/*!40101 SET NAMES utf8mb4 */;\n\n';
const mark = (name: string): string => `--\n-- Current Database: \`${name}\`\n--\n\nUSE \`${name}\`;\n`;
const END = '\n-- Dump completed on 2026-01-01  0:00:00\n';

/** In pieces of every size, so that every line is cut everywhere. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function split(text: string, databases: readonly string[], size = 7): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { database, content } of new DumpSections(pieces(text, size), databases).sections()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found[database] = Buffer.concat(chunks).toString();
  }
  return found;
}

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('a dump of several databases in one stream', () => {
  const whole = `${HEADER}${mark('a')}one;\n${mark('b``c')}two;\n${END}`;

  it('is split into parts that can be loaded alone, wherever it was cut in pieces', async () => {
    for (const size of [1, 2, 7, 64, 10_000]) {
      const parts = await split(whole, ['a', 'b`c'], size);
      expect(Object.keys(parts)).to.deep.equal(['a', 'b`c']);
      expect(parts['a'])
        .to.contain('SET NAMES')
        .and.contain('one;')
        .and.not.contain('USE')
        .and.not.contain('two');
      expect(parts['b`c']).to.contain('SET NAMES').and.contain('two;').and.not.contain('sandbox');
    }
  });

  it('is refused when it was cut anywhere', async () => {
    for (let end = 0; end < whole.length - END.length; end += 3)
      expect(await failure(split(whole.slice(0, end), ['a', 'b`c'])), `cut at ${end}`).to.contain('cut off');
  });

  it('is refused when a text in it looks like the beginning of another database', async () => {
    const fake = (text: string): string => `${HEADER}${mark('a')}text\n${text}more\n${mark('b')}${END}`;
    for (const name of ['a', 'b', 'other'])
      expect(await failure(split(fake(mark(name)), ['a', 'b'])), name).to.contain('looks like the beginning');
    expect(await failure(split(fake(''), ['a', 'b']))).to.equal('no error');
  });
});

describe('rows in a dump', () => {
  async function counted(text: string): Promise<Record<string, number>> {
    const counter = new RowCounter();
    for await (const batch of lines(pieces(text, 11))) for (const line of batch) counter.line(line);
    return Object.fromEntries(counter.rows);
  }

  it('are counted whether they stand on one line or on many', async () => {
    const tricky = String.raw`(1,'it\'s (a), ),(',NULL),(2,'VALUES (\\',0x28),(3,'',-1.5)`;
    expect(
      await counted(`CREATE TABLE \`a\` (\n  \`VALUES (\` int\n) ENGINE=x
(PARTITION p VALUES LESS THAN (2),
 PARTITION q VALUES LESS THAN (3));
INSERT INTO \`a\` VALUES ${tricky};
INSERT INTO \`a\` (\`VALUES (\`, \`b\`) VALUES ${tricky};
CREATE TABLE \`b\`\`(\` (\n  \`i\` int\n);
INSERT INTO \`b\`\`(\` VALUES
(1),
(2);
(PARTITION p VALUES LESS THAN (2));
INSERT INTO \`b\`\`(\` VALUES
(3);
CREATE TABLE \`none\` (\n);
`),
    ).to.deep.equal({ a: 6, 'b`(': 3, none: 0 });
  });

  it('keep every byte while definitions are given other names of databases', () => {
    const names = new Map([
      ['shöp', 'new`one'],
      ['a', 'b'],
    ]);
    const renamed = (line: string): string =>
      Buffer.from(renameDatabases(Buffer.from(line).toString('latin1'), names), 'latin1').toString();
    expect(renamed('  CONSTRAINT `x` FOREIGN KEY (`p`) REFERENCES `shöp`.`t` (`id`),\n')).to.equal(
      '  CONSTRAINT `x` FOREIGN KEY (`p`) REFERENCES `new``one`.`t` (`id`),\n',
    );
    expect(renamed("  `i` bigint DEFAULT nextval(`a`.`s`) COMMENT 'nextval(`a`.`s`)',\n")).to.equal(
      "  `i` bigint DEFAULT nextval(`b`.`s`) COMMENT 'nextval(`a`.`s`)',\n",
    );
    for (const same of [
      '  CONSTRAINT `x` FOREIGN KEY (`p`) REFERENCES `a` (`id`)\n',
      '  CONSTRAINT `REFERENCES ` FOREIGN KEY (`a`.`b`) REFERENCES `other`.`t` (`id`)\n',
      "  `c` text DEFAULT '\\' REFERENCES `a`.`b`',\n",
      "INSERT INTO `t` VALUES (' REFERENCES `a`.`b`');\n",
    ])
      expect(renamed(same)).to.equal(same);
  });
});

describe('names and messages of MariaDB', () => {
  it('are no longer than the server takes, and stay apart', () => {
    const long = 'x'.repeat(64);
    const wide = 'ü'.repeat(60);
    for (const name of ['shop', long, wide, `${long.slice(1)}y`]) {
      for (const made of [loadingName(name, 'a1b2c3'), keptName(name, 'a1b2c3')]) {
        expect([...made].length).to.be.at.most(64);
        expect(made).to.match(/__(?:restore|before)_a1b2c3$/);
      }
    }
    expect(loadingName('shop', 'a1b2c3')).to.equal('shop__restore_a1b2c3');
    expect(loadingName(long, 'a1b2c3')).to.not.equal(loadingName(`${long.slice(1)}y`, 'a1b2c3'));
  });

  it('never repeat the statement that failed, nor a hashed password', () => {
    const dashes = '--------------';
    expect(
      reasons(
        `${dashes}\nCREATE USER a IDENTIFIED BY 'secret'\n${dashes}\n\nERROR 1 at line 2: near '*${'0AF1'.repeat(10)}'\n`,
      ),
    ).to.deep.equal(["ERROR 1 at line 2: near '…'"]);
  });

  it('puts a view after those that it reads', () => {
    const views = new Map([
      ['a', 'select `d`.`c`.`x` from `d`.`c`'],
      ['b', 'select 1'],
      ['c', 'select * from `d`.`b`'],
    ]);
    expect(inOrderOfUse(views, (name) => `\`d\`.\`${name}\``)).to.deep.equal(['b', 'c', 'a']);
  });
});

describe('users and grants of MariaDB', () => {
  const account = (user: string, host: string, grants: string[]): Account => ({
    user, host, role: host === '', create: [`CREATE USER IF NOT EXISTS ${user}`], grants,
  }); // prettier-ignore
  const role = account('keeper', '', ['GRANT SELECT ON `shop`.`t` TO `keeper`']);
  const clerk = account('clerk', '%', ['GRANT `keeper` TO `clerk`@`%`']);
  const direct = account('direct', '%', ['GRANT SELECT ON `my\\_shop`.* TO `direct`@`%`']);
  const stranger = account('stranger', '%', ['GRANT ALL PRIVILEGES ON *.* TO `stranger`@`%`']);
  const all = [role, clerk, direct, stranger];

  it('are a file that is read back as it was, and refused when it was cut', () => {
    const text = accountsText(all);
    expect(parseAccounts(text)).to.deep.equal(all);
    expect(() => parseAccounts(text.slice(0, -3))).to.throw('cut off');
  });

  it('come back where they are missing and have to do with what is restored', () => {
    const names = (present: readonly Account[], database: string): string[] =>
      missingAccounts(all, present, [database]).map(({ user }) => user);
    expect(names([], 'shop')).to.deep.equal(['keeper', 'clerk']);
    expect(names([clerk], 'shop')).to.deep.equal(['keeper']);
    expect(names([], 'my_shop')).to.deep.equal(['direct']);
    expect(names(all, 'shop')).to.deep.equal([]);
    expect(names([], 'other')).to.deep.equal([]);
  });

  it('come back with the roles of MySQL, which are users with a host and several in one grant', () => {
    const roles = [
      account('keeper', '%', ['GRANT SELECT ON `shop`.* TO `keeper`@`%`']),
      account('k`2', '%', ['GRANT USAGE ON *.* TO `k``2`@`%`']),
      account('keeper', '10.%', ['GRANT USAGE ON *.* TO `keeper`@`10.%`']),
    ];
    const holder = account('clerk', '%', [
      'GRANT USAGE ON *.* TO `clerk`@`%`',
      'GRANT `k``2`@`%`,`keeper`@`%` TO `clerk`@`%` WITH ADMIN OPTION',
    ]);
    const missing = missingAccounts([...roles, holder], [], ['shop']);
    expect(missing.map(({ user, host }) => `${user}@${host}`)).to.deep.equal([
      'keeper@%',
      'k`2@%',
      'clerk@%',
    ]);
  });
});
