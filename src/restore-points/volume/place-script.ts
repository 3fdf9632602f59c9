/**
 * $1 mount, $2 staging directory, $3 path in the volume, $4 `place` or `flat` (only its last part counts). Puts what was
 * extracted at the path in its place; what is there now waits aside until then. Prints `placed`,
 * `missing` or `link`.
 */
export const PLACE = `
set -eu
root=$1 stage=$1/$2 path=$3
from=$stage/new/$path
[ -e "$from" ] || [ -L "$from" ] || { echo missing; exit 0; }
if [ "$4" = flat ]; then path=$(printf '%s/' "\${path##*/}") path=\${path%/}; fi
# A link in the volume would lead the new file elsewhere.
rest=$path parent=$root
while [ "\${rest#*/}" != "$rest" ]; do
  parent=$parent/\${rest%%/*} rest=\${rest#*/}
  if [ -L "$parent" ]; then echo link; exit 0; fi
  [ -d "$parent" ] || mkdir "$parent"
done
mkdir -p "$stage/old"
if [ -d "$parent/$rest" ] && [ ! -L "$parent/$rest" ] || [ -d "$from" ] && [ ! -L "$from" ]; then
  if [ -e "$parent/$rest" ] || [ -L "$parent/$rest" ]; then mv -T -- "$parent/$rest" "$stage/old/entry"; fi
fi
mv -T -f -- "$from" "$parent/$rest" || {
  if [ -e "$stage/old/entry" ]; then mv -T -- "$stage/old/entry" "$parent/$rest"; fi
  exit 1
}
rm -rf "$stage/old"
echo placed
`;
