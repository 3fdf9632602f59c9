#!/bin/sh
# Installs Docker from Debian's packages and starts the engine in the background. Called by engine.sh, as root, under
# its lock, only on a machine that has no engine of its own.
#   engine-setup.sh MARK "TOOL…"
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"

mark=$1
tools=$2
state=$(dirname "${mark}")
log=${state}/dockerd.log
mkdir -p "${state}"
export DEBIAN_FRONTEND=noninteractive

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Quiet while it works, everything it said when it fails.
quietly() {
  if ! "$@" >"${state}/last-command.log" 2>&1; then
    tail -n 20 "${state}/last-command.log" >&2
    die "'$*' failed"
  fi
}

# Debian 12 has neither the Compose plugin nor buildx. Debian 13's packages run on it; the pin keeps everything else
# on the machine where it is.
add_newer_source() {
  cat >/etc/apt/sources.list.d/docker-rewind-test.sources <<'SOURCE'
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
  cat >/etc/apt/preferences.d/docker-rewind-test <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: 100
PIN
}

install_packages() {
  # shellcheck source=/dev/null
  debian=$(. /etc/os-release && [ "${ID}" = debian ] && echo "${VERSION_ID:-99}") ||
    die "no Docker engine answers, and only on Debian is one set up here: install Docker first (https://docs.docker.com/engine/install/)"
  packages="docker.io docker-cli docker-compose docker-buildx containerd"
  if [ "${debian}" -lt 12 ]; then
    die "Debian ${debian} is too old to set up an engine on: install Docker first (https://docs.docker.com/engine/install/)"
  elif [ "${debian}" -eq 12 ]; then
    add_newer_source
    packages=$(for package in ${packages}; do echo "${package}/trixie"; done)
  fi
  say "fetching Debian's package lists"
  quietly apt-get update -qq
  # Debian's own start scripts would start the engine before iptables is ready for it.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  say "installing Docker, Compose and buildx from Debian's packages (about half a minute)"
  # shellcheck disable=SC2086 # a list of package names
  quietly apt-get install -y -qq --no-install-recommends ${packages} iptables ${tools}
}

# Kernels without nf_tables need the older iptables; where the newer one works it stays.
choose_iptables() {
  iptables -t nat -n -L >/dev/null 2>&1 && return
  say "this kernel has no nf_tables: switching to iptables-legacy"
  quietly update-alternatives --set iptables /usr/sbin/iptables-legacy
  quietly update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy
}

# After a reboot the pid file may name a process that is something else by now; dockerd would refuse to start.
remove_stale_pid() {
  pid=$(cat /var/run/docker.pid 2>/dev/null || :)
  if [ -n "${pid}" ] && [ "$(cat "/proc/${pid}/comm" 2>/dev/null || :)" != dockerd ]; then
    rm -f /var/run/docker.pid
  fi
}

start_engine() {
  say "starting the engine in the background (its log: ${log})"
  remove_stale_pid
  # A session of its own and no descriptor of ours: it outlives this shell, and nobody waits for it to close a pipe.
  setsid dockerd </dev/null >>"${log}" 2>&1 &
  if ! wait_until 60 engine_answers; then
    tail -n 5 "${log}" >&2
    die "the engine did not come up within a minute: the last lines of ${log} are above"
  fi
}

# Another process may have done it all while this one waited for the lock.
if ! have dockerd || ! docker compose version >/dev/null 2>&1 || ! docker buildx version >/dev/null 2>&1; then
  install_packages
elif [ -n "${tools}" ]; then
  say "installing what the tests need: ${tools}"
  quietly apt-get update -qq
  # shellcheck disable=SC2086 # a list of package names
  quietly apt-get install -y -qq --no-install-recommends ${tools}
fi
touch "${mark}"
if ! engine_answers; then
  choose_iptables
  start_engine
fi
