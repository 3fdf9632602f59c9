#!/bin/sh
# Makes the named images: what others are built on first, then the others at the same time. Called by images.sh, under
# its lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
# shellcheck source=test/engine/images-table.sh
. "${here}/images-table.sh"

logs=$(machine_dir)/images
mkdir -p "${logs}"
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
  # shellcheck disable=SC2046 # a list of arguments
  sh "${here}/images/$(folder "$1")/make.sh" $(arguments "$1") >"${log}.tar" || die "making $2 failed"
  docker import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'CMD ["/bin/sh"]' \
    -c "LABEL rewind-test.recipe=$(recipe_of "$1")" "${log}.tar" "$2" >/dev/null
  rm -f "${log}.tar"
}

build() {
  # shellcheck disable=SC2046 # a list of arguments, none with a space in it
  docker build --quiet --label "rewind-test.recipe=$(recipe_of "$1")" --tag "$2" \
    $(for argument in $(arguments "$1"); do echo "--build-arg ${argument}"; done) \
    --file "${here}/images/$(folder "$1")/Dockerfile" "${here}/images/$(context "$1")" >"${log}" 2>&1 || {
    tail -n 30 "${log}" >&2
    die "building $2 failed"
  }
}

make() {
  (
    image=$(ours "$1")
    log=${logs}/$1.log
    present=$(docker image inspect --format '{{index .Config.Labels "rewind-test.recipe"}}' "${image}" 2>/dev/null || echo missing)
    if [ -z "${present}" ] || [ "${present}" = "$(recipe_of "$1")" ]; then return; fi
    if take_public "$(public "$1")" "${image}"; then return; fi
    say "making ${image}"
    if [ -n "$(built_on "$1")" ]; then build "$1" "${image}"; else import_root "$1" "${image}"; fi
  ) || exit 1
}

# Makes several at the same time; every one of them is waited for before a failure is reported.
make_all() {
  makers=
  for name in "$@"; do
    make "${name}" &
    makers="${makers} $!"
  done
  failed=0
  for maker in ${makers}; do wait "${maker}" || failed=1; done
  [ "${failed}" = 0 ] || exit 1
}

bases=
others=
for name in "$@"; do
  if [ -n "$(built_on "${name}")" ]; then
    bases="${bases} $(built_on "${name}")"
    others="${others} ${name}"
  else
    bases="${bases} ${name}"
  fi
done
bases=$(printf '%s\n' ${bases} | sort -u)

# The first one alone: it finds out whether a registry answers, for all of them.
first=${bases%%
*}
# shellcheck disable=SC2086 # lists of names
{
  make "${first}"
  make_all ${bases}
  make_all ${others}
}
