/**
 * What runs in the server's container. All of it is constant: values come as positional parameters, secrets on the first
 * line of standard input or from where the container itself has them.
 */

/**
 * $1 how the first line of input is meant (`literal`, `env`, `file` or `none`), $2 user or nothing. Sets REDISCLI_AUTH,
 * which the client reads: a password in an argument could be seen by every process of the host.
 */
const AUTHENTICATE = `
IFS= read -r secret || exit 90
unset REDISCLI_AUTH VALKEYCLI_AUTH
case $1 in
  literal) REDISCLI_AUTH=$secret ;;
  env) REDISCLI_AUTH=$(printenv "$secret") || exit 92 ;;
  file) REDISCLI_AUTH=$(cat -- "$secret") || exit 92 ;;
esac
if [ "$1" != none ]; then
  VALKEYCLI_AUTH=$REDISCLI_AUTH
  export REDISCLI_AUTH VALKEYCLI_AUTH
fi
unset secret
user=$2
shift 2
cli=$(command -v redis-cli || command -v valkey-cli) || exit 91
`;

/** Further parameters are the client's own options. Commands follow on standard input. */
export const CLIENT = `
${AUTHENTICATE}
exec "$cli" "$@" \${user:+--user "$user"} --no-raw
`;

/** The whole data as the server sends it to a replica, on standard output; nothing is written in the container. */
export const DUMP = `
${AUTHENTICATE}
exec "$cli" "$@" \${user:+--user "$user"} --rdb -
`;

/** $1 path, from the server's working directory. */
export const READ_FILE = `exec cat -- "$1"`;

/** $1 process id. Prints the user and group that it runs as. */
export const OWNER = `
while read -r name id rest; do
  case $name in
    Uid:) uid=$id ;;
    Gid:) gid=$id ;;
  esac
done <"/proc/$1/status" || exit 1
echo "$uid:$gid"
`;

/** Prints the container's limit of memory and what it uses, in bytes, and the free memory of its host in kB. */
export const MEMORY = `
limit=max used=0 free=
for pair in memory.max:memory.current memory/memory.limit_in_bytes:memory/memory.usage_in_bytes; do
  if [ -r "/sys/fs/cgroup/\${pair%:*}" ]; then
    read -r limit <"/sys/fs/cgroup/\${pair%:*}"
    read -r used <"/sys/fs/cgroup/\${pair#*:}"
    break
  fi
done
while read -r name kilobytes rest; do
  if [ "$name" = MemAvailable: ]; then free=$kilobytes; fi
done </proc/meminfo
echo "$limit $used $free"
`;

/** $1 staging directory: makes it, empty. */
export const STAGE = `rm -rf -- "$1" && mkdir -m 700 -- "$1"`;

/** $1 staging directory, $2 name. Standard input becomes the file, on the disk before it has its name. */
export const PUT = `
umask 077
cat >"$1/$2.part" || exit 1
sync "$1/$2.part" 2>/dev/null || sync
mv -f -- "$1/$2.part" "$1/$2"
`;

/** $1 staging directory: the names in it; nothing where there is none. */
export const LOOK = `if [ -d "$1" ]; then ls -A -- "$1"; fi`;

/** $1 staging directory. The mark that leads back goes first. */
export const REMOVE = `
[ -d "$1" ] || exit 0
rm -f -- "$1/begun" && rm -rf -- "$1"
`;

/** $1 directory, $2 name. */
export const REMOVE_FILE = `rm -f -- "$1/$2"`;

/**
 * Starts the second server: $1 staging directory, $2 the server's name, $3 its process id. Where memory runs out the
 * kernel must end this one, not the one with the live data.
 */
export const START_SECOND = `
echo 1000 >/proc/self/oom_score_adj
program=$(command -v "$2") || program=$(dirname -- "$(readlink "/proc/$3/exe")")/$2
exec "$program" "$1/second.conf" >"$1/second.log" 2>&1
`;

const EACH_SECOND = `
each_second() {
  for process in /proc/[0-9]*; do
    case $(tr '\\0' ' ' <"$process/cmdline" 2>/dev/null) in
      *"$1/second.conf"*) echo "\${process#/proc/}" ;;
    esac
  done
}
`;

/** $1 staging directory. Prints \`alive\`, or the last lines of the second server's log. */
export const SECOND_STATE = `
${EACH_SECOND}
if [ -n "$(each_second "$1")" ]; then echo alive; else head -n 400 -- "$1/second.log" 2>/dev/null; fi
`;

/** $1 staging directory: ends the second server, which has nothing to save, and waits until it is gone. */
export const STOP_SECOND = `
${EACH_SECOND}
while :; do
  found=$(each_second "$1")
  [ -n "$found" ] || exit 0
  kill -9 $found 2>/dev/null
  sleep 0.1 2>/dev/null || sleep 1
done
`;

/** $1 directory, $2 name. Prints \`yes\` or \`no\`. */
export const EXISTS = `if [ -e "$1/$2" ]; then echo yes; else echo no; fi`;

/** $1 staging directory, $2 name: makes the mark, on the disk. */
export const MARK = `: >"$1/$2" && { sync "$1/$2" 2>/dev/null || sync; }`;

/** $1 staging directory, $2 name. The file on standard output. */
export const GET = `exec cat -- "$1/$2"`;
