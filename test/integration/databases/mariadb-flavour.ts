import * as mariadb from './mariadb-everything.ts';
import * as mysql from './mysql-everything.ts';

/** What tells MariaDB from MySQL where tests are concerned, which speak to a server as to MariaDB. */
export interface Flavour {
  kind: 'mariadb' | 'mysql';
  /** What its image's variables begin with. */
  variable: 'MARIADB' | 'MYSQL';
  daemon: 'mariadbd' | 'mysqld';
  /** Arguments of its own: no test takes the power away. */
  settings: readonly string[];
  /** A collation that not every server of the other kind knows. */
  collation: string;
  everything: string;
  accounts: string;
  damage: string;
  /** A script with the names that the tools have there. */
  script: (text: string) => string;
  /** The same statements in what it understands. */
  sql: (text: string) => string;
}

const MARIADB: Flavour = {
  kind: 'mariadb',
  variable: 'MARIADB',
  daemon: 'mariadbd',
  settings: [],
  collation: 'utf8mb4_german2_ci',
  everything: mariadb.EVERYTHING,
  accounts: mariadb.ACCOUNTS,
  damage: mariadb.DAMAGE,
  script: (text) => text,
  sql: (text) => text,
};

const MYSQL: Flavour = {
  kind: 'mysql',
  variable: 'MYSQL',
  daemon: 'mysqld',
  settings: ['--sync-binlog=0', '--innodb-flush-method=nosync', '--innodb-doublewrite=OFF'],
  collation: 'utf8mb4_0900_as_cs',
  everything: mysql.EVERYTHING,
  accounts: mysql.ACCOUNTS,
  damage: mysql.DAMAGE,
  script: (text) =>
    text
      .replace(/\bmariadb-dump --user/g, 'mysqldump --set-gtid-purged=OFF --user')
      .replace(/\bmariadb-dump\b/g, 'mysqldump')
      .replace(/\bmariadb-admin\b/g, 'mysqladmin')
      .replace(/\bmariadb\b/g, 'mysql'),
  sql: (text) =>
    text
      .replace(
        /\bseq_1_to_(\d+)\b/g,
        (_, count: string) =>
          `JSON_TABLE(CONCAT('[0', REPEAT(',0', ${Number(count) - 1}), ']'), '$[*]' COLUMNS (seq FOR ORDINALITY)) AS seqs`,
      )
      .replace(/\bENGINE = Aria\b/g, 'ENGINE = InnoDB')
      .replace(
        /\bCREATE OR REPLACE (PROCEDURE|FUNCTION|TRIGGER) (\w+)/g,
        'DROP $1 IF EXISTS $2;\nCREATE $1 $2',
      ),
};

/** Of an image: `mysql:9`. */
export const flavourOf = (image: string): Flavour => (image.startsWith('mysql:') ? MYSQL : MARIADB);
