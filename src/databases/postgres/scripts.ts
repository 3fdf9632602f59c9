/**
 * Constant scripts for the server's container. They find user and password where the images keep them, and hand them to
 * PostgreSQL's own tools in the environment: nothing secret is ever an argument. The first argument is always the name that
 * our sessions bear in pg_stat_activity, the second the database ('' for one to work from), the third how many seconds a
 * server that starts or recovers is waited for.
 */
const CONNECT = `
set -u
trap '' PIPE
LC_ALL=C; export LC_ALL
setting() {
  for name in "$@"; do
    eval "value=\\\${$name:-} file=\\\${\${name}_FILE:-}"
    if [ -n "$value" ]; then printf %s "$value"; return; fi
    if [ -n "$file" ] && [ -r "$file" ]; then cat "$file"; return; fi
  done
}
main=$(setting POSTGRES_DB POSTGRESQL_DATABASE)
PGUSER=$(setting POSTGRES_USER POSTGRESQL_USERNAME)
PGPASSWORD=$(setting POSTGRES_PASSWORD POSTGRESQL_PASSWORD)
super=$(setting POSTGRESQL_POSTGRES_PASSWORD)
if [ -n "$super" ]; then PGUSER=postgres PGPASSWORD=$super; fi
PGUSER=\${PGUSER:-postgres}
PGPORT=\${PGPORT:-\${POSTGRESQL_PORT_NUMBER:-5432}}
PGAPPNAME=$1
PGCONNECT_TIMEOUT=15
if [ -z "$PGPASSWORD" ]; then unset PGPASSWORD; else export PGPASSWORD; fi
unset PGOPTIONS PGSERVICE PGSERVICEFILE PGTARGETSESSIONATTRS PGHOSTADDR PGPASSFILE 2>/dev/null || :
export PGUSER PGPORT PGAPPNAME PGCONNECT_TIMEOUT PGHOST PGDATABASE
given=\${PGHOST:-}
PGDATABASE=postgres
connect() {
  why= refused=
  for PGHOST in "$given" '' /var/run/postgresql /tmp 127.0.0.1; do
    for PGDATABASE in postgres "\${main:-$PGUSER}" template1; do
      said=$(psql -XAtqw -c '\\echo :SERVER_VERSION_NUM :VERSION_NUM' 2>&1) && return 0
      case $said in
        *'does not exist'* | *'not currently accepting'*) ;;
        *FATAL*) refused=$said; break ;;
        *) why=$said; break ;;
      esac
    done
  done
  return 1
}
reach() {
  deadline=
  until connect; do
    deadline=\${deadline:-$(($(date +%s) + $1))}
    case \${refused:-$why} in
      *'starting up'* | *'shutting down'* | *'recovery mode'* | *'not yet accepting'* | *'No such file'* | *refused*)
        if [ "$(date +%s)" -lt "$deadline" ]; then sleep 1; continue; fi ;;
    esac
    printf '%s\\n' "\${refused:-$why}" >&2
    exit 71
  done
}
reach "$3"
# The last line alone: a server may have warned of something before.
versions=\${said##*
}
major=$((\${versions% *} / 10000)) client=\${versions#* }
case $client in *[!0-9]*) client=0 ;; esac
if [ "$((client / 10000))" != "$major" ]; then
  PATH=/usr/lib/postgresql/$major/bin:/usr/local/pgsql/bin:$PATH
  client=$(psql --version | sed 's/^[^0-9]*\\([0-9]*\\).*/\\1/')
  if [ "$client" != "$major" ]; then
    echo "the container's client is version $client, its server version $major" >&2
    exit 72
  fi
fi
if [ -n "$2" ]; then PGDATABASE=$2; fi
`;

/** Exit codes of CONNECT. */
export const NOT_LET_IN = 71;
export const WRONG_CLIENT = 72;

/**
 * Ends a process when our caller has gone: its end of standard input closes then. The engine itself would let it go on.
 *
 * The postmaster is the container's first process: whatever loses its parent becomes its child, and a child that ends by a
 * signal is a crashed backend to it, for which it restarts the whole server. So nothing here is left without its parent,
 * the watcher ends with 0 however it ends, and a broken pipe (to one that was killed) is an error, not a signal.
 */
const WATCH = `
exec 3<&0
watch() {
  ( trap 'exit 0' TERM; while read -r _ <&3; do :; done; kill $1; exit 0 ) >/dev/null 2>&1 4>&- 5>&- &
  watcher=$!
}
unwatch() {
  kill "$watcher" 2>/dev/null
  wait "$watcher"
}
`;

/** SQL on standard input; stops at the first error. */
export const SQL = `${CONNECT}
exec psql -XAtqw -v ON_ERROR_STOP=1 -f -
`;

/** The line behind an answer. */
export const END_OF_ANSWER = 'rewind-end-of-answer';

/**
 * Like SQL, several times. `sql BYTES SECONDS DATABASE` (no database: the one to work from) comes before that many bytes of
 * SQL; a server that was restarted since is waited for so long. Behind what these print comes how psql ended, what it said on its standard error, and the end of the answer.
 * `checkpoint` is done meanwhile, under a name that is none of the restore's.
 */
export const SQLS = `${CONNECT}
exec 4>&1
base=$PGDATABASE last=$(date +%s)
while IFS=' ' read -r verb length patience database; do
  if [ "$verb" = checkpoint ]; then
    PGAPPNAME='docker-rewind checkpoint' psql -XAtqw -c checkpoint >/dev/null 2>&1 </dev/null 4>&- &
    echo ${END_OF_ANSWER}
    continue
  fi
  text=$(head -c "$length")
  now=$(date +%s)
  if [ "$((now - last))" -gt 1 ]; then
    reach "$patience"
    base=$PGDATABASE
  fi
  said=$(printf '%s\\n' "$text" | PGDATABASE=\${database:-$base} psql -XAtqw -v ON_ERROR_STOP=1 -f - 2>&1 >&4 4>&-)
  printf 'rewind-exit %s\\n%s\\n${END_OF_ANSWER}\\n' "$?" "$said"
  last=$(date +%s)
done
wait
`;

/** SQL on standard input as it comes, until that is closed. Goes on after an error: the answers tell. */
export const SESSION = `${CONNECT}
exec psql -XAtqw -v ON_ERROR_STOP=0
`;

/**
 * Writes the dump to standard output. $4: milliseconds to wait for a lock. The snapshot is the first line of the standard
 * input: it may still be under way while the rest is made ready here. Says on the standard error how pg_dump ended and how
 * many bytes it wrote: what breaks on the way must not pass for the end. pg_dump writes 4 KiB at a time; each of them
 * would go through the engine on its own, so they are put together.
 */
export const DUMP = `${CONNECT}${WATCH}
exec 4>&1
level=3
case $(pg_dump -Fc -Z zstd:3 -d 'host=/nonexistent' 2>&1) in
  *'server on socket'*) level=zstd:3 ;;
esac
IFS= read -r snapshot <&3 || exit 75
{
  pg_dump --format=custom --compress="$level" --no-password --verbose --lock-wait-timeout="$4" --snapshot="$snapshot" 4>&- &
  tool=$!
  watch "$tool"
  wait "$tool"
  echo "rewind-exit $?" >&2
  unwatch
} | dd ibs=64k obs=128k 2>&1 >&4 4>&- | sed -e '/^[0-9]*+[0-9]* records /d' -e 's/^\\([0-9]*\\) byte.*/rewind-bytes \\1/' >&2 4>&-
`;

/** The globals to standard output; without the roles' passwords where they may not be read. */
export const GLOBALS = `${CONNECT}
passwords=
if [ "$(psql -XAtqw -c 'select rolsuper from pg_roles where rolname = current_user')" != t ]; then
  passwords=--no-role-passwords
fi
exec pg_dumpall --globals-only --no-password --lock-wait-timeout=60000 -l "$PGDATABASE" $passwords
`;

/**
 * Loads a dump and looks at what came of it. $4: the database as a connection string, $5: bytes of the dump, $6: SQL that
 * makes the database, $7: PGOPTIONS, $8: how many jobs load it out of a file and gather statistics, $9: SQL that describes
 * what was loaded, $10: SQL that gathers the statistics of a part of it, $11: SQL that counts what is not described yet.
 * Further arguments are pg_restore's.
 *
 * The first line of the standard input is the file that holds the dump, which several jobs read and which is removed, as soon as
 * it is there: it may be on its way while the rest is made ready here. An empty line: the dump itself comes behind it.
 * Nothing is loaded of one that did not arrive as a whole. Says `loaded` on the standard output, and takes, in as many bytes
 * as a line says, the SQL of the end, which may hold secrets. All in one go: each `docker exec` takes as long as counting
 * a million rows.
 */
export const LOAD = `${CONNECT}${WATCH}
target=$4 bytes=$5 jobs=$8 facts=$9 analyze=\${10} counts=\${11}
PGOPTIONS=$7; export PGOPTIONS
printf '%s\\n' "$6" | psql -XAtqw -v ON_ERROR_STOP=1 -f - || exit
shift 11
IFS= read -r file <&3 || exit 75
if [ -z "$file" ]; then
  head -c "$bytes" <&3 | pg_restore --dbname="$target" --no-password --exit-on-error "$@" || exit
else
  trap 'rm -f "$file"' EXIT
  trap 'exit 143' TERM INT HUP
  size=$(wc -c <"$file") || size=0
  if [ "$((size))" != "$bytes" ]; then
    echo "the dump was cut off on its way to $file" >&2
    exit 74
  fi
  pg_restore --dbname="$target" --no-password --exit-on-error --jobs="$jobs" "$@" "$file" 3<&- &
  tool=$!
  watch "$tool"
  wait "$tool"
  code=$?
  unwatch
  [ "$code" = 0 ] || exit "$code"
  rm -f "$file"
fi
echo loaded
IFS= read -r length <&3 || exit 75
end=$(head -c "$length" <&3)
# In a pipe alone: it takes the place of the shell that it runs in, so that no psql is left without its parent.
ask() { exec psql -XAtqw -v ON_ERROR_STOP=1 -d "$target" "$@" -f - 3<&-; }
printf '%s\\n' "$facts" | ask || exit
part=0 tools=
while [ "$part" -lt "$jobs" ]; do
  printf '%s\\n' "$analyze" | ask -v part="$part" -v parts="$jobs" &
  tools="$tools $!"
  part=$((part + 1))
done
if [ -n "$counts" ]; then
  printf '%s\\n' "$counts" | ask -v ON_ERROR_STOP=0 &
  tools="$tools $!"
fi
watch "$tools"
code=0
for tool in $tools; do wait "$tool" || code=$?; done
unwatch
[ "$code" = 0 ] || exit "$code"
printf '%s\\n' "$end" | ask
`;

/** Removes files of LOAD that nobody was left to remove. $1: the beginning of their names, $2: the data directory. */
export const REMOVE_FILES = `
rm -f "\${TMPDIR:-/tmp}/$1"* "$2/$1"*
`;

/**
 * Runs the SQL of $4, which answers with a line and, in a second one, the data directory. Then a line with the free bytes of
 * the file system that holds it, 0 where they are not known; one with the numbers of the user and the group that we are,
 * how many processors there are, how many bytes of memory may be used and what we are capable of; and one for each
 * place where a file may be put: its free bytes, its path. What lies in memory is none: `docker cp` would put the file
 * where nobody in the container sees it.
 */
export const LOOK = `${CONNECT}
said=$(printf '%s\\n' "$4" | psql -XAtqw -v ON_ERROR_STOP=1 -f -) || exit
printf '%s\\n' "$said"
data=\${said##*
}
free() { df -Pk "\${1:-/nonexistent}" 2>/dev/null | awk -v not="$2" 'NR == 2 && $1 !~ not { free = $4 * 1024 } END { printf "%.0f", free }'; }
echo "$(free "$data" '^$')"
memory=$({
  awk '/^MemAvailable:/ { printf "%.0f\\n", $2 * 1024 }' /proc/meminfo
  cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes
} 2>/dev/null | grep '^[0-9]*$' | sort -n | head -n 1)
capabilities=$(sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status 2>/dev/null)
echo "$(id -u) $(id -g) $(nproc 2>/dev/null || echo 1) \${memory:-0} \${capabilities:-0}"
for place in "\${TMPDIR:-/tmp}" "$data"; do
  if [ -d "$place" ] && [ -w "$place" ]; then printf '%s %s\\n' "$(free "$place" '^(tmpfs|shm|ramfs)$')" "$place"; fi
done
`;
