import { EXACTLY, KEEPING, PROVE_ACLS } from './acl-scripts.ts';

/**
 * What runs inside the helper container. All of it is constant: values come as positional parameters, names as
 * NUL-separated lists on standard input. Only POSIX sh is asked for; the GNU scripts need GNU find, sort, tar and zstd.
 */

/** What a job says of itself among the messages of what it runs. */
export const JOB_BEGUN = 'rewind: begun';
export const JOB_OPEN = 'rewind: open';
export const JOB_OVER = 'rewind: over';
export const JOB_EXIT = /^rewind: exit (\d+)$/;

/** How many pipes there are between us and one helper. */
export const PIPES = 64;

/**
 * The first process. $1 JOB, $2 a directory that it shares with us, or nothing. Makes pipes there, says what the image can
 * do, and then starts what it is told of (the pipe with the words of a job, and the one where that says how it goes) until
 * our end of its input closes: then it ends, and with it all that runs here.
 */
export const START = `
job=$1
if [ "$#" -gt 1 ]; then
  cd -- "$2" || exit 1
  i=${PIPES}
  set --
  while [ "$i" -gt 0 ]; do
    i=$((i - 1))
    [ -p "$i" ] || set -- "$@" "$i"
  done
  [ "$#" -eq 0 ] || mkfifo -m 666 "$@" || exit 1
fi
tools=gnu
for tool in tar find sort stat; do
  case $("$tool" --version 2>/dev/null) in
    *GNU*) ;;
    *) tools=busybox ;;
  esac
done
zstd -V >/dev/null 2>&1 || tools=busybox
echo "ready $tools"
while read -r words said; do
  {
    echo '${JOB_BEGUN}' >"$said"
    xargs -0 sh -c "$job" rewind
    echo '${JOB_OVER}' 1<>"$said"
  } <"$words" &
done
`;

/** Runs a script ($4) between two pipes ($1, $2); says in a third ($3) when they are open, and how it ended. */
export const JOB = `
in=$1 out=$2 said=$3 script=$4
shift 4
exec <"$in" >"$out" 2>"$said" || exit
echo '${JOB_OPEN}' >&2
cd /
sh -c "$script" rewind "$@"
code=$?
exec </dev/null >/dev/null
printf '\\nrewind: exit %s\\n' "$code" >&2
`;

/**
 * Runs a script ($1) between the streams of `docker exec`; the last thing that it says is how many bytes its output has.
 */
export const ATTACHED = `
script=$1 count=/tmp/count.$$
shift
{ sh -c "$script" rewind "$@"; echo $? >"$count.code"; } | LC_ALL=C dd bs=65536 2>"$count"
printf '\\nrewind: bytes %s\\n' "$(sed -n 's/^\\([0-9]*\\) bytes.*/\\1/p' "$count")" >&2
code=$(cat "$count.code")
rm -f "$count" "$count.code"
exit "$code"
`;

/**
 * `code NAME N` notes how a program ended, `report` says it of all of them. Not at once: what several programs write to
 * one standard error comes out mixed, in the middle of each other's lines.
 */
const CODES = `
codes=/tmp/codes.$$
code() { echo "rewind: $1 $2" >>"$codes"; }
report() { echo >&2; cat "$codes" >&2; rm -f "$codes"; }
`;

/** For find: what a restore under way keeps in a volume is none of its entries. */
export const PRUNE = `-path './.rewind-restore-*' -prune -o`;

const RECORDS = `\\
    -type b -exec stat --printf '%n//b %a %u %g 0 0 %h %i %.9Y %.9Z %t:%T\\0' {} + -o \\
    -type c -exec stat --printf '%n//c %a %u %g 0 0 %h %i %.9Y %.9Z %t:%T\\0' {} + -o \\
    -printf '%p//%y %m %U %G %s %b %n %i %T@ %C@ %l\\0'`;

const BEGIN_INDEX = `
set -u
${CODES}export LC_ALL=C
cd -- "$1" || exit 91
now=/tmp/now.$$
: >"$now" && printf '//time %s\\0' "$(stat -c %.9Y "$now")" && rm -f "$now" || exit 93
if [ "$2" = sync ]; then sync -f . || exit 92; fi
`;

/**
 * $1 directory, $2 `sync` or nothing, $3 `sort` or `cat`. Prints the index: `//time SECONDS`, one record for each
 * entry, sorted in the order of their bytes, `//end`, each ended by NUL. With sync, written pages reach the disk first: a
 * page that is mapped and dirty can be written again without a new time, a clean one cannot. SECONDS is what the kernel would
 * stamp a file with now: that clock lags behind the other one, on a machine that stands still now and then by any length of
 * time.
 */
export const INDEX_GNU = `
${BEGIN_INDEX}
{
  find . -xdev ${PRUNE} ${RECORDS}
  code find $?
} | if [ "$3" = sort ]; then sort -z -S 48M; else cat; fi
code sort $?
report
printf '//end\\0'
`;

/** The same of the entries alone whose names, each ended by NUL, are on standard input, in their order. $3: LOOK. */
export const INDEX_PART = `
${BEGIN_INDEX}
xargs -0 -r sh -c "$3" rewind
code find $?
report
printf '//end\\0'
`;

export const LOOK = `find "$@" -maxdepth 0 ${RECORDS}`;

/** Puts the records on standard input in order. */
export const SORT = `
set -u
${CODES}LC_ALL=C sort -z -S 48M
code sort $?
report
`;

/** The same with BusyBox, which knows whole seconds only, and reads no link's target here. */
export const INDEX_BUSYBOX = `
set -u
${CODES}export LC_ALL=C
cd -- "$1" || exit 91
printf '//time %s\\0' "$(date +%s)"
find . -xdev ${PRUNE} -exec stat -c '%n//%f %a %u %g %s %b %h %i %Y %Z %t:%T//' {} +
code find $?
report
printf '//end\\0'
`;

/** How many blocks of 512 bytes tar reads at a time: with its own 20, reading takes as long as making the files. */
const RECORD = 128;
export const RECORD_BYTES = RECORD * 512;

const CREATE = `\
  tar --create ${KEEPING} --acls --sparse \
    --numeric-owner --no-recursion --ignore-failed-read --blocking-factor=${RECORD} --directory="$1" \
    --checkpoint=160 --checkpoint-action='echo=rewind-at %u' --null --files-from=- --file=-
  code tar $?`;

/**
 * $1 directory, $2 `prove` or nothing; names on standard input; the archive on standard output. What tar could not do is in
 * its messages. `acls 0`: it was asked to prove, and proved, that all ACLs are among the attributes.
 */
export const ARCHIVE_GNU = `
set -u
${CODES}${PROVE_ACLS}export LC_ALL=C
if [ "$2" = prove ]; then
  { lists_acls "$1" && acls_are_attributes; code acls $?; } </dev/null >/dev/null 2>&1 &
fi
{
${CREATE}
} | zstd -q -T0 -3 -c
code zstd $?
wait
report
`;

/** The same archive, not compressed. */
export const READ_GNU = `
set -u
${CODES}export LC_ALL=C
${CREATE}
report
`;

/** $1 directory; a plain tar archive of all of it on standard output. */
export const ARCHIVE_BUSYBOX = `
set -u
${CODES}export LC_ALL=C
cd -- "$1" || exit 91
tar -c -f - .
code tar $?
report
`;

/** A zstd-compressed archive on standard input; prints its members, a line each, with names in quotes. */
export const LIST_GNU = `
set -u
${CODES}export LC_ALL=C
{
  zstd -q -d -c
  code zstd $?
} | {
  tar --list --verbose --numeric-owner --quoting-style=c --blocking-factor=${RECORD} --file=-
  code tar $?
  cat >/dev/null
}
report
`;

/** $1 directory; names of directories on standard input, which lose the attributes of users that they have. */
export const STRIP = `
set -u
${CODES}cd -- "$1" || exit 91
names=/tmp/names.$$
cat >"$names"
if command -v getfattr >/dev/null && [ -n "$(xargs -0 getfattr -h -m '^user\\.' -- <"$names" 2>/dev/null)" ]; then
  xargs -0 sh -c '
    for path do
      getfattr -h -m "^user\\." -- "$path" 2>/dev/null | grep "^user\\." | while IFS= read -r name; do
        setfattr -h -x "$name" -- "$path" || exit 1
      done || exit 255
    done' rewind <"$names"
fi
code strip $?
rm -f "$names"
report
`;

/** $1 directory; names on standard input. Prints those that are links. */
export const LINKS = `
set -u
${CODES}cd -- "$1" || exit 91
xargs -0 sh -c 'for path do [ ! -L "$path" ] || printf "%s\\0" "$path"; done' rewind
code links $?
report
`;

/**
 * $1 directory, $2 bytes that an archive may have at most, $3 `attributes` where its ACLs are among these (or nothing), $4
 * what is done with each file instead of making it: WRITE_PART or nothing. A zstd-compressed archive on standard input is
 * extracted over what is there, and `full 1` reported where it goes on after so many bytes: now and then tar looks how far it
 * is, and is killed where that is too far. It stops at the end mark; what pads the archive after it is read, too, or those who
 * write it would die of a broken pipe. What is written goes to the disk meanwhile, and the last of it while it is compared: it
 * has to be there before the old data is deleted, and what the engine writes to stop and start services would wait for it.
 */
export const EXTRACT_GNU = `
set -u
${CODES}${PROVE_ACLS}export LC_ALL=C
acls=--acls
if [ "$3" = attributes ] && { inherits_none "$1" && acls_are_attributes; } </dev/null >/dev/null 2>&1; then acls=; fi
export root=$1 full=/tmp/full.$$ most=$(($2 / ${RECORD_BYTES}))
# Every 40 MB, or where there is little space every thirtieth of it: each look takes a process.
every=$((most / 30 < 640 ? most / 30 + 1 : 640))
writing=/tmp/writing.$$
: >"$writing"
while [ -e "$writing" ]; do
  sync -f "$1"
  sleep 0.2 || sleep 1
done </dev/null >/dev/null 2>&1 &
{
  zstd -q -d -c
  code zstd $?
} | {
  tar --extract ${EXACTLY} \${acls:+"$acls"} --warning=no-timestamp --blocking-factor=${RECORD} --checkpoint="$every" \
    --checkpoint-action='exec=[ "$TAR_CHECKPOINT" -le "$most" ] || { : >"$full"; kill -9 "$PPID"; }' \
    \${4:+"--to-command=$4"} --directory="$1" --file=-
  code tar $?
  [ ! -e "$full" ] || code full 1
  cat >/dev/null
}
rm -f "$writing"
sync -f "$1" </dev/null >/dev/null 2>&1 &
report
`;

/**
 * For tar, of a member that is part of a file below $root: its name is the file's and the offset. It is written over what is
 * there; an empty one cuts or lengthens the file, and sets its time. Only a plain file is written to.
 */
export const WRITE_PART = `
set -eu
file=$root/\${TAR_FILENAME%/*} at=\${TAR_FILENAME##*/}
case $at in '' | *[!0-9]*) exit 1 ;; esac
if [ -L "$file" ] || [ ! -f "$file" ]; then exit 1; fi
if [ "$TAR_SIZE" -gt 0 ]; then
  exec dd of="$file" bs=1M iflag=fullblock oflag=seek_bytes seek="$at" conv=notrunc status=none
fi
truncate -s "$at" -- "$file"
touch -d "@$TAR_MTIME" -- "$file"
`;

/** $1 directory; a plain archive on standard input. */
export const EXTRACT_PLAIN = `
set -u
${CODES}export LC_ALL=C
tar -x -p -f - -C "$1"
code tar $?
cat >/dev/null
report
`;

/** $1 directory; the names on standard input are removed, with everything below them. */
export const DELETE = `
set -u
${CODES}cd -- "$1" || exit 91
xargs -0 rm -rf --
code delete $?
report
`;

/** $1 directory; standard input has three words for each directory below: `-d`, `@TIME`, its name. */
export const SET_TIMES = `
set -u
${CODES}cd -- "$1" || exit 91
xargs -0 -n 3 touch -c -m -h
code touch $?
report
`;
