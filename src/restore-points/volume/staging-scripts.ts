import { EXACTLY, KEEPING } from './acl-scripts.ts';

/** What runs inside the helper container to put restored data beside the present data, and each in the place of the other. */

/** $1 directory. Prints the bytes that are free there. */
export const FREE = `
set -- $(stat -f -c '%a %S' "$1") && echo "$(($1 * $2))"
`;

const MOVE_ALL = `
move_all() {
  find "$1" -mindepth 1 -maxdepth 1 ! -name '.rewind-restore-*' -exec mv -t "$2" -- {} +
}
`;

// Mode, owner, times, ACL and attributes of a directory itself, put onto another one.
const COPY_SELF = `
copy_self() {
  if tar --version 2>/dev/null | grep -q 'GNU tar'; then
    tar --create ${KEEPING} --acls --numeric-owner --no-recursion -C "$1" -f - . |
      tar --extract ${EXACTLY} --acls -C "$2" -f -
  else
    chown "$(stat -c %u:%g "$1")" "$2" && chmod "$(stat -c %a "$1")" "$2" && touch -r "$1" "$2"
  fi
}
`;

/** $1 volume, $2 name of the staging directory: makes it, free of ACLs that it would inherit. */
export const STAGE = `
set -eu
rm -rf "$1/$2"
touch -r "$1" /tmp/root-time.$$
mkdir -m 700 "$1/$2"
if command -v setfacl >/dev/null; then setfacl -b -k "$1/$2"; fi
mkdir "$1/$2/new"
touch -r /tmp/root-time.$$ "$1"
`;

/**
 * $1 volume, $2 staging directory: what is in the volume goes to \`old\`, what is in \`new\` takes its place. Marks say
 * how far it came: after \`begun\` old entries may be on either side, after \`cleared\` new ones may be in the volume.
 */
export const SWAP = `
set -eu
${MOVE_ALL}${COPY_SELF}
root=$1 stage=$1/$2
[ -d "$stage/new" ]
mkdir -p "$stage/old"
copy_self "$root" "$stage/old"
touch -r "$stage/old" "$stage/old-time"
: >"$stage/begun"
move_all "$root" "$stage/old"
: >"$stage/cleared"
touch -r "$stage/new" "$stage/new-time"
move_all "$stage/new" "$root"
copy_self "$stage/new" "$root"
touch -r "$stage/new-time" "$root"
`;

/** $1 volume, $2 staging directory. Ends with 0 when a swap was begun. */
export const IS_SWAPPED = `[ -e "$1/$2/begun" ] && echo yes || echo no`;

/** $1 volume, $2 staging directory: brings \`old\` back from wherever SWAP or this came to, and removes the staging. */
export const UNSWAP = `
set -eu
${MOVE_ALL}${COPY_SELF}
root=$1 stage=$1/$2
[ -d "$stage" ] || exit 0
# Whatever the marks say: old data is never removed on the way back, not even what comes here just now.
drop_old() {
  if [ -d "$stage/old" ]; then rmdir "$stage/old"; fi
}
touch -r "$root" /tmp/root-time.$$
if [ -e "$stage/begun" ] && [ -d "$stage/old" ]; then
  mkdir -p "$stage/back"
  if [ -e "$stage/cleared" ] && [ ! -e "$stage/emptied" ]; then move_all "$root" "$stage/back"; fi
  : >"$stage/emptied"
  move_all "$stage/old" "$root"
  copy_self "$stage/old" "$root"
  touch -r "$stage/old-time" "$root"
  touch -r "$stage/old-time" /tmp/root-time.$$
  drop_old
  # First of all: without it a second run only clears up.
  rm -f "$stage/begun"
fi
drop_old
rm -rf "$stage"
touch -r /tmp/root-time.$$ "$root"
`;

/** $1 volume, $2 staging directory: the new data is on the disk, then the old data is removed. */
export const DROP_OLD = `
set -eu
[ -d "$1/$2" ] || exit 0
sync -f "$1" 2>/dev/null || sync
cd -- "$1/$2"
# Removing is bound by the processor: two at a time, directory by directory. What this leaves behind, or fails at, is the
# business of the last one.
for depth in 3 2; do
  find . -xdev -mindepth "$depth" -maxdepth "$depth" -type d -print0 2>/dev/null |
    xargs -0 -r -P 2 -n 16 rm -rf -- 2>/dev/null || :
done
find . -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
cd /
touch -r "$1" /tmp/root-time.$$
rmdir "$1/$2"
touch -r /tmp/root-time.$$ "$1"
`;

/** $1 volume: removes everything in it, but nothing of another file system that is mounted below. */
export const CLEAR = `
set -eu
find "$1" -xdev -mindepth 1 ! -type d -exec rm -f -- {} +
find "$1" -xdev -depth -mindepth 1 -type d -exec rmdir -- {} +
`;
