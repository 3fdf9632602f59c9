#!/bin/sh
# Makes the images that tests and the demo need, all below rewind-test/ so that nobody's own tags are touched:
# the public image where one is on the host or can be pulled, else one built from Debian's packages.
#   images.sh [NAME…]    names of images-table.sh; all of them without a name
# Quick when they exist; safe to call from several processes at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
# shellcheck source=test/engine/images-table.sh
. "${here}/images-table.sh"

# shellcheck disable=SC2086 # a list of names
[ $# -gt 0 ] || set -- ${all_images}
wanted=
for name in "$@"; do wanted="${wanted} $(ours "${name}")"; done

# An image made from an older recipe of ours is made again; a public one carries no recipe and stays.
up_to_date() {
  # shellcheck disable=SC2086 # a list of references
  found=$(docker image inspect --format '{{index .Config.Labels "rewind-test.recipe"}}' ${wanted} 2>/dev/null) || return 1
  for name in "$@"; do
    recipe=${found%%
*}
    found=${found#*
}
    [ -z "${recipe}" ] || [ "${recipe}" = "$(recipe_of "${name}")" ] || return 1
  done
}

if up_to_date "$@"; then exit 0; fi
under_lock images "${here}/images-make.sh" "$@"
