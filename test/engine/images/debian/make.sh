#!/bin/sh
# Prints the root file system of a minimal Debian, for where no registry is reached.
#   make.sh bookworm|trixie
set -eu
suite=$1
root=$(mktemp -d)
trap 'rm -rf "${root}"' EXIT

debootstrap --variant=minbase "${suite}" "${root}" >"${root}.log" 2>&1 || {
  tail -n 20 "${root}.log" >&2
  exit 1
}
rm -f "${root}.log"
# What only makes the image big; apt fetches its lists again.
rm -rf "${root}"/var/lib/apt/lists/* "${root}"/var/cache/apt/* "${root}"/var/log/*
rm -rf "${root}"/usr/share/doc/* "${root}"/usr/share/man/* "${root}"/usr/share/locale/*
# No service starts in an image while packages are installed.
printf '#!/bin/sh\nexit 101\n' >"${root}/usr/sbin/policy-rc.d"
chmod 755 "${root}" "${root}/usr/sbin/policy-rc.d"
tar -C "${root}" --one-file-system --numeric-owner -c --exclude=./dev/* --exclude=./proc/* --exclude=./sys/* .
