#!/bin/sh
# Prints a root file system that stands in for Alpine where no registry is reached: Debian's static BusyBox.
# One difference to know: `wget -T` crashes in Debian's build, so health checks here must not use it.
set -eu
root=$(mktemp -d)
trap 'rm -rf "${root}"' EXIT

mkdir -p "${root}/bin" "${root}/etc" "${root}/root" "${root}/proc" "${root}/sys" "${root}/dev" "${root}/var"
mkdir -m 1777 "${root}/tmp"
ln -s bin "${root}/sbin"
mkdir -p "${root}/usr"
ln -s ../bin "${root}/usr/bin"
ln -s ../bin "${root}/usr/sbin"
echo 'root:x:0:0:root:/root:/bin/sh' >"${root}/etc/passwd"
echo 'root:x:0:' >"${root}/etc/group"

busybox=$(command -v busybox)
for applet in $("${busybox}" --list); do ln -s busybox "${root}/bin/${applet}"; done
# The list of applets holds `busybox` itself: the binary takes the place of that link.
rm -f "${root}/bin/busybox"
cp "${busybox}" "${root}/bin/busybox"
chmod 755 "${root}" "${root}/bin/busybox"
tar -C "${root}" --numeric-owner --owner=0 --group=0 -c .
