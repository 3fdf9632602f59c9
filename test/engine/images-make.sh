#!/bin/sh
# Makes the named images, one after the other. Called by images.sh, under its lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
# shellcheck source=test/engine/images-table.sh
. "${here}/images-table.sh"

log=$(machine_dir)/images.log
unreachable=$(machine_dir)/no-registry

on_host() { docker image inspect "$1" >/dev/null 2>&1; }

# A registry that does not answer is asked once: the answer holds for some minutes, for every image.
registry_answers() { [ -z "$(find "${unreachable}" -mmin -15 2>/dev/null)" ]; }

# Pulls, but waits only a few seconds for the registry's first word; once it has answered the pull may take its time.
pull() {
  registry_answers || return 1
  say "pulling $1"
  docker pull "$1" >"${log}" 2>&1 &
  pulling=$!
  if wait_until 15 answered_or_ended "${pulling}" && wait "${pulling}"; then return; fi
  kill "${pulling}" 2>/dev/null || :
  say "cannot pull $1 ($(tail -n 1 "${log}")): building from Debian's packages instead"
  touch "${unreachable}"
  return 1
}
answered_or_ended() { grep -q 'Pulling from' "${log}" || ! kill -0 "$1"; }

# Takes the public image; a tag that only our pull brought here is taken away again, the image stays under our name.
take_public() {
  [ -n "$1" ] || return 1
  if on_host "$1"; then
    docker tag "$1" "$2"
  elif pull "$1"; then
    docker tag "$1" "$2"
    docker rmi "$1" >/dev/null
  else
    return 1
  fi
}

import_root() {
  is_root || die "$2 can be neither pulled nor made here without root: pull $(public "$1") by hand, or run this as root on Debian"
  if ! have debootstrap || ! have busybox; then
    die "$2 can be neither pulled nor made here: 'apt-get install debootstrap busybox-static' and try again"
  fi
  sh "${here}/images/$1/make.sh" >"${log}.tar" || die "making $2 failed"
  docker import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'CMD ["/bin/sh"]' \
    -c "LABEL rewind-test.recipe=$(recipe_of "$1")" "${log}.tar" "$2" >/dev/null
  rm -f "${log}.tar"
}

build() {
  make "$(built_on "$1")"
  docker build --quiet --label "rewind-test.recipe=$(recipe_of "$1")" --tag "$2" "${here}/images/$1" >"${log}" 2>&1 || {
    tail -n 30 "${log}" >&2
    die "building $2 failed"
  }
}

make() {
  (
    image=$(ours "$1")
    present=$(docker image inspect --format '{{index .Config.Labels "rewind-test.recipe"}}' "${image}" 2>/dev/null || echo missing)
    if [ -z "${present}" ] || [ "${present}" = "$(recipe_of "$1")" ]; then return; fi
    if take_public "$(public "$1")" "${image}"; then return; fi
    say "making ${image}"
    if [ -n "$(built_on "$1")" ]; then build "$1" "${image}"; else import_root "$1" "${image}"; fi
  ) || exit 1
}

for name in "$@"; do make "${name}"; done
