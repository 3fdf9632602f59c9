import { rows, type Access } from './client.ts';
import { text } from './names.ts';

/** A user or a role, with the statements that make it and give it what it may do. */
export interface Account {
  user: string;
  /** Of a role: ''. */
  host: string;
  role: boolean;
  create: string[];
  grants: string[];
}

const MARK = '-- Account: ';
/** Made by the server or its image for themselves. */
const OWN = new Set([
  'mariadb.sys',
  'mysql.sys',
  'mysql.session',
  'mysql.infoschema',
  'healthcheck',
  'PUBLIC',
  '',
]);

/** Hashes of MySQL hold any bytes: as text they would not come through. Older servers take it for a comment. */
const HASHES = '/*!80017 SET SESSION print_identified_with_as_hex = ON */;\n';

/** As statements name it. */
export const named = ({ user, host, role }: Pick<Account, 'user' | 'host' | 'role'>): string =>
  role ? literal(user) : `${literal(user)}@${literal(host)}`;
const literal = (value: string): string => `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

/** All users and roles of a server, with their grants and hashed passwords. */
export async function listAccounts(access: Access): Promise<Account[]> {
  const mariadb = access.server.kind === 'mariadb';
  // Roles first: users name those that are on by default. MySQL's are users who cannot log in.
  const order = mariadb ? 'is_role' : "account_locked = 'Y' AND authentication_string = ''";
  const found = await rows(
    access,
    `SELECT User, Host, ${mariadb ? 'is_role' : "'N'"} FROM mysql.user ORDER BY ${order} DESC, User, Host;`,
    'listing users',
  );
  const accounts = found
    .map(([user = '', host = '', role]) => ({ user, host, role: role === 'Y' }))
    .filter(({ user }) => !OWN.has(user));
  if (accounts.length === 0) return [];
  // One question for all: each answer is told from the next by a line of its own.
  const questions = accounts.map(
    (account) =>
      `SELECT 'rewind-account';\n${account.role ? '' : `SHOW CREATE USER ${named(account)};\n`}SHOW GRANTS FOR ${named(account)};`,
  );
  const lines = await rows(
    access,
    `${mariadb ? '' : HASHES}${questions.join('\n')}`,
    'reading users and grants',
  );
  const answers: string[][] = [];
  for (const [line = ''] of lines) {
    if (line === 'rewind-account') answers.push([]);
    else answers.at(-1)?.push(line);
  }
  return accounts.map((account, index): Account => {
    const said = answers[index] ?? [];
    const [make, ...grants] = account.role ? [`CREATE ROLE ${named(account)}`, ...said] : said;
    return {
      ...account,
      create: [(make ?? '').replace(/^CREATE (USER|ROLE) /, 'CREATE $1 IF NOT EXISTS ')],
      // What CREATE USER says is not said again: repeated with a password, a grant would be refused by newer servers.
      grants: grants
        .filter((grant) => !/^GRANT USAGE ON \*\.\* TO (?!.*(?:WITH|MAX_))/.test(grant))
        .map((grant) => grant.replace(/ IDENTIFIED (?:BY|VIA) .*?(?= REQUIRE| WITH |$)/, '')),
    };
  });
}

/** A file of SQL that makes the accounts where they are missing; the comments say where each begins. */
export function accountsText(accounts: readonly Account[]): string {
  const statements = (list: readonly string[]): string => list.map((each) => `${each};\n`).join('');
  return [
    '-- Users, roles and grants. Runs as it is; whoever exists keeps his password.\n',
    ...accounts.map(
      ({ create, grants, ...who }) =>
        `${MARK}${JSON.stringify({ ...who, creates: create.length })}\n${statements(create)}${statements(grants)}`,
    ),
    '-- Accounts completed\n',
  ].join('');
}

/** The accounts of such a file. Throws where it is not complete. */
export function parseAccounts(content: string): Account[] {
  const lines = content.split('\n');
  if (lines.at(-2) !== '-- Accounts completed') throw new Error('the file of users and grants is cut off');
  const accounts: Account[] = [];
  let left = 0;
  for (const line of lines) {
    const account = accounts.at(-1);
    if (line.startsWith(MARK)) {
      const { creates, ...who } = JSON.parse(line.slice(MARK.length)) as Account & { creates: number };
      left = creates;
      accounts.push({ ...who, create: [], grants: [] });
    } else if (account !== undefined && line !== '' && !line.startsWith('--')) {
      const statement = line.replace(/;$/, '');
      if (left > 0) {
        account.create.push(statement);
        left -= 1;
      } else account.grants.push(statement);
    }
  }
  return accounts;
}

/** Statements that take accounts away again. */
export const dropStatements = (accounts: readonly Pick<Account, 'user' | 'host' | 'role'>[]): string[] =>
  accounts.map((account) => `DROP ${account.role ? 'ROLE' : 'USER'} IF EXISTS ${named(account)};`);

/** Grants on single routines, which the server takes away with the routine: statements that give them again. */
export async function routineGrants(access: Access, database: string): Promise<string[]> {
  const found = await rows(
    access,
    `SELECT Routine_type, Routine_name, User, Host, REPLACE(REPLACE(Proc_priv, ',Grant', ''), 'Grant', ''), FIND_IN_SET('Grant', Proc_priv) > 0
FROM mysql.procs_priv WHERE Db = ${text(database)};`,
    `reading grants on routines of ${database}`,
  );
  return found.map(([type = '', name = '', user = '', host = '', privileges = '', grantable]) => {
    const routine = `${type} \`${database.replaceAll('`', '``')}\`.\`${name.replaceAll('`', '``')}\``;
    const to = named({ user, host, role: host === '' });
    return `GRANT ${privileges === '' ? 'USAGE' : privileges} ON ${routine} TO ${to}${grantable === '1' ? ' WITH GRANT OPTION' : ''};`;
  });
}
