/**
 * The servers that the tests of databases run on, as images below rewind-test/. `npm run servers` names others than the
 * usual ones: REWIND_TEST_SERVERS=mysql:9.
 */
const named = (process.env['REWIND_TEST_SERVERS'] ?? '').split(',').filter((image) => image !== '');

const serversOf = (names: readonly string[], usual: readonly [string, ...string[]]): readonly string[] => {
  const found = named.filter((image) => names.some((name) => image.startsWith(`${name}:`)));
  return found.length > 0 ? found : usual;
};

/** MariaDB and MySQL. */
export const MARIADB_SERVERS = serversOf(['mariadb', 'mysql'], ['mariadb:10.11', 'mariadb:11']);

export const POSTGRES_SERVERS = serversOf(['postgres', 'timescaledb'], ['postgres:15', 'postgres:17']);

/** The one that tells about the others. */
export const [MARIADB_SERVER = ''] = MARIADB_SERVERS;
export const [POSTGRES_SERVER = ''] = POSTGRES_SERVERS;
