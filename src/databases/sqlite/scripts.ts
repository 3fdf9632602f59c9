/**
 * What runs in the helper container, whose mounts are below /volumes. All of it is constant; values come as positional
 * parameters. Lines for us begin with `rewind:` on the standard error.
 */

const REQUIRE = `
set -u
export LC_ALL=C
command -v sqlite3 >/dev/null && command -v zstd >/dev/null || { echo 'rewind: tools' >&2; exit 90; }
`;

/** The pages of a database are all right; of one that uses extensions, as far as can be seen without them. */
const CHECK = `
check() {
  said=$(sqlite3 -batch "$1" 'PRAGMA integrity_check(5)' 2>&1)
  case $said in
    *'no such collation'* | *'no such module'* | *'no such function'* | *'unknown tokenizer'*)
      echo 'rewind: quick' >&2
      said=$(sqlite3 -batch "$1" 'PRAGMA quick_check(5)' 2>&1)
      ;;
  esac
  [ "$said" = ok ] || { printf '%s\\n' "$said" >&2; return 1; }
}
`;

// What a database may have beside it: none of these may be there when another file takes its place.
const SUFFIXES = `suffixes=' -wal -shm -journal'`;

/**
 * $1 file, $2 \`counts\` or nothing. The whole database of one moment on standard output, compressed: read in one
 * transaction, so that clients that write meanwhile neither disturb nor restart it.
 */
export const DUMP = `
${REQUIRE}${CHECK}
file=$1
[ -e "$file" ] || { echo 'rewind: missing' >&2; exit 91; }
[ -f "$file" ] && [ "$(readlink -f -- "$file")" = "$file" ] || { echo 'rewind: link' >&2; exit 92; }
[ "$(head -c 15 -- "$file" | tr -d '\\0')" = 'SQLite format 3' ] || { echo 'rewind: other' >&2; exit 93; }
stat -c 'rewind: stat %a %u %g' -- "$file" >&2
mkdir -p /scratch
copy=/scratch/dump.db
echo 'rewind: begun' >&2
sqlite3 -batch -bail -cmd '.timeout 60000' "$file" \
  'BEGIN' 'SELECT count(*) FROM sqlite_master' ".backup main $copy" 'COMMIT' >/dev/null || exit 94
check "$copy" || { echo 'rewind: damaged' >&2; exit 95; }
if [ "$2" = counts ]; then
  sqlite3 -batch "$copy" "SELECT 'SELECT ' || quote(name) || ' AS name, count(*) AS rows FROM \\"' ||
    replace(name, '\\"', '\\"\\"') || '\\";' FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql NOT LIKE 'create virtual%' ORDER BY name" |
    timeout 20 sqlite3 -batch -bail -safe -json "$copy" >/scratch/counts 2>/dev/null &&
    sed 's/^/rewind: count /' /scratch/counts >&2 && echo 'rewind: counted' >&2
fi
sqlite3 --version | sed 's/ .*//; s/^/rewind: version /' >&2
stat -c 'rewind: bytes %s' "$copy" >&2
sha256sum "$copy" | sed 's/ .*//; s/^/rewind: sha256 /' >&2
zstd -q -3 -c "$copy" || exit 96
echo 'rewind: end' >&2
`;

/** $@ files. One line for each: its size, or \`-\` where there is none. */
export const SIZES = `
for file; do
  if [ -f "$file" ]; then stat -c %s -- "$file"; else echo -; fi
done
`;

/** $@ mounts. Every file with a usual name that begins as a database does, its size in front, each ended by NUL. */
export const FIND = `
for root; do
  find "$root" -xdev -path "$root/.rewind-restore-*" -prune -o -type f -size +0c \\
    \\( -name '*.db' -o -name '*.db3' -o -name '*.sqlite' -o -name '*.sqlite3' -o -name '*.sqlitedb' \\
    -o -name '*.s3db' -o -name '*.sl3' \\) -exec sh -c '
      for file; do
        [ "$(head -c 15 -- "$file" | tr -d "\\\\0")" = "SQLite format 3" ] || continue
        stat -c %s -- "$file"
        printf "%s\\\\0" "$file"
      done
    ' sh '{}' +
done
`;

/**
 * $1 mount, $2 staging directory, $3 number, $4 sha256, $5 mode, $6 owner, $7 bytes. What comes compressed on standard
 * input becomes a file of the staging directory, checked.
 */
export const LOAD = `
${REQUIRE}${CHECK}
umask 077
stage=$1/$2
mkdir -p -- "$stage"
free=$(df -Pk -- "$1" | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4)
[ "$((free * 1024))" -gt "$7" ] || { echo "rewind: space $((free * 1024))" >&2; exit 91; }
new=$stage/$3.new
# Never more than was dumped, whatever an archive says.
zstd -q -d -c | head -c "$7" >"$new.part"
[ "$(sha256sum "$new.part" | cut -d ' ' -f 1)" = "$4" ] || { echo 'rewind: unequal' >&2; exit 93; }
check "$new.part" || { echo 'rewind: damaged' >&2; exit 94; }
[ "$(sha256sum "$new.part" | cut -d ' ' -f 1)" = "$4" ] || { echo 'rewind: unequal' >&2; exit 93; }
rm -f -- "$new.part-wal" "$new.part-shm" "$new.part-journal"
chown "$6" "$new.part" && chmod "$5" "$new.part" || exit 95
sync -f "$new.part" 2>/dev/null || sync
mv -f -- "$new.part" "$new"
`;

/**
 * $1 mount, $2 staging directory, $3 number, $4 path in the mount, $5 owner of a directory that is missing. The file there
 * now, and what it has beside it, goes to the staging directory, the new one takes its place. Nobody may have it open.
 */
export const SWAP = `
set -eu
${SUFFIXES}
stage=$1/$2 file=$1/$4
if [ -e "$stage/$3.done" ]; then exit 0; fi
rest=$4 parent=$1
while [ "\${rest#*/}" != "$rest" ]; do
  parent=$parent/\${rest%%/*} rest=\${rest#*/}
  if [ -L "$parent" ]; then echo 'rewind: link' >&2; exit 92; fi
  if [ ! -d "$parent" ]; then mkdir -- "$parent"; chown "$5" "$parent"; fi
done
if [ -L "$file" ] || [ -d "$file" ]; then echo 'rewind: link' >&2; exit 92; fi
if [ ! -e "$stage/$3.new" ] && [ ! -e "$stage/$3.begun" ]; then echo 'rewind: unloaded' >&2; exit 93; fi
mkdir -p -- "$stage/$3.old"
: >"$stage/$3.begun"
sync -f "$stage" 2>/dev/null || sync
if [ -e "$stage/$3.new" ]; then
  for suffix in '' $suffixes; do
    if [ -e "$file$suffix" ]; then mv -f -- "$file$suffix" "$stage/$3.old/file$suffix"; fi
  done
  mv -- "$stage/$3.new" "$file"
fi
: >"$stage/$3.done"
sync -f "$1" 2>/dev/null || sync
`;

/** $1 mount, $2 staging directory. Prints \`yes\` where a swap was begun there. */
export const IS_SWAPPED = `
for mark in "$1/$2"/*.begun; do
  if [ -e "$mark" ]; then echo yes; exit; fi
done
echo no
`;

/** $1 mount, $2 staging directory, $3 number, $4 path in the mount: brings back what SWAP moved, however far it came. */
export const UNSWAP = `
set -eu
${SUFFIXES}
stage=$1/$2 file=$1/$4
[ -e "$stage/$3.begun" ] || exit 0
if [ ! -e "$stage/$3.new" ] && [ ! -e "$stage/$3.emptied" ]; then
  for suffix in '' $suffixes; do rm -f -- "$file$suffix"; done
fi
: >"$stage/$3.emptied"
sync -f "$stage" 2>/dev/null || sync
for suffix in $suffixes ''; do
  if [ -e "$stage/$3.old/file$suffix" ]; then mv -f -- "$stage/$3.old/file$suffix" "$file$suffix"; fi
done
sync -f "$1" 2>/dev/null || sync
rm -f -- "$stage/$3.begun"
`;

/** $1 mount, $2 staging directory: removes it, the marks first. */
export const CLEAR = `
set -eu
[ -d "$1/$2" ] || exit 0
rm -f -- "$1/$2"/*.begun
rm -rf -- "$1/$2"
`;
