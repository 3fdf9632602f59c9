/**
 * Constant scripts for the server's container. They find user and password where the images keep them and hand the
 * password to the tools in MYSQL_PWD: nothing secret is ever an argument. The first argument is always how many seconds a
 * server that starts or recovers is waited for. The tools are called mariadb and mariadb-dump, or mysql and mysqldump.
 */
const CONNECT = `
set -u
LC_ALL=C; export LC_ALL
setting() {
  for name in "$@"; do
    eval "value=\\\${$name:-} file=\\\${\${name}_FILE:-}"
    if [ -n "$value" ]; then printf %s "$value"; return; fi
    if [ -n "$file" ] && [ -r "$file" ]; then cat "$file"; return; fi
  done
}
for bin in /opt/bitnami/mariadb/bin /opt/bitnami/mysql/bin; do
  if [ -d "$bin" ]; then PATH=$bin:$PATH; fi
done
client=$(command -v mariadb || command -v mysql) || { echo 'the container has neither mariadb nor mysql' >&2; exit 72; }
dump=$(command -v mariadb-dump || command -v mysqldump) || { echo 'the container has neither mariadb-dump nor mysqldump' >&2; exit 72; }
unset MYSQL_HOST MYSQL_TCP_PORT MYSQL_PWD MARIADB_HOST 2>/dev/null || :
root=$(setting MARIADB_ROOT_USER MYSQL_ROOT_USER)
root=\${root:-root}
refused=
try() {
  user=$1
  if [ -n "$2" ]; then MYSQL_PWD=$2; export MYSQL_PWD; else unset MYSQL_PWD; fi
  said=$("$client" --user="$user" --host=localhost --connect-timeout=15 --batch --skip-column-names -e 'SELECT VERSION()' 2>&1) && return 0
  case $said in
    *'ERROR 1045'* | *'ERROR 1698'* | *'ERROR 1862'* | *'ERROR 4151'*) refused=\${refused:-$said} ;;
    *) why=$said ;;
  esac
  return 1
}
connect() {
  why= refused=
  word=$(setting MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
  if [ -n "$word" ]; then try "$root" "$word" && return 0; fi
  try "$root" '' && return 0
  name=$(setting MARIADB_USER MYSQL_USER)
  if [ -n "$name" ]; then try "$name" "$(setting MARIADB_PASSWORD MYSQL_PASSWORD)" && return 0; fi
  return 1
}
deadline=$(($(date +%s) + $1))
until connect; do
  if [ -z "$refused" ] && [ "$(date +%s)" -lt "$deadline" ]; then sleep 1; continue; fi
  printf '%s\\n' "\${refused:-$why}" >&2
  exit 71
done
shift
set -- "$@"
connection="--host=localhost --default-character-set=utf8mb4 --max-allowed-packet=1G"
`;

/** Exit codes of CONNECT. */
export const NOT_LET_IN = 71;
export const NO_CLIENT = 72;

/** SQL on standard input; stops at the first error. Prints rows with tabs, special characters escaped. */
export const SQL = `${CONNECT}
exec "$client" --user="$user" $connection --batch --skip-column-names --unbuffered --no-auto-rehash
`;

/** Versions of the container's client and of its server, two lines. */
export const VERSIONS = `${CONNECT}
"$client" --version
printf '%s\\n' "$said"
`;

/**
 * Runs what the dump tool writes; $2: a database. Nothing but statements is obeyed: in binary mode the client knows no
 * commands but DELIMITER, and changes no line ends.
 */
export const LOAD = `${CONNECT}
exec "$client" --user="$user" $connection --batch --binary-mode --no-auto-rehash --database="$1"
`;

/**
 * Runs the dump tool with the further arguments. It is ended when our caller has gone, which closes the standard input:
 * the engine itself would let it go on, and it would hold its snapshot for ever.
 */
export const DUMP = `${CONNECT}
exec 3<&0
"$dump" --user="$user" $connection "$@" 3<&- &
tool=$!
( while read -r _ <&3; do :; done; kill "$tool" 2>/dev/null ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$tool"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;
