# Shared by the scripts in this folder: speaking, failing, waiting and locking. To be sourced.
# shellcheck shell=sh

# Progress goes to stderr: stdout belongs to results.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# One line that says what is wrong and what to do.
die() {
  say "error: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [ "$(id -u)" = 0 ]; }

# version_at_least 2.26.1 2.20: compares major and minor only, which is all that we require anywhere.
version_at_least() {
  _major=${1%%.*}
  _rest=${1#*.}
  _minor=${_rest%%[!0-9]*}
  [ "${_major}" -gt "${2%%.*}" ] || { [ "${_major}" -eq "${2%%.*}" ] && [ "${_minor:-0}" -ge "${2#*.}" ]; }
}

# wait_until SECONDS COMMAND…: polls until the command succeeds; fails at the deadline.
wait_until() {
  _deadline=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "${_deadline}" ] || return 1
    sleep 0.1
  done
}

# A directory that only this user can write, the same for every checkout on the machine: they share one engine.
machine_dir() {
  _dir=/tmp/docker-rewind-test-$(id -u)
  mkdir -m 700 "${_dir}" 2>/dev/null || :
  if [ ! -d "${_dir}" ] || [ ! -O "${_dir}" ] || [ -L "${_dir}" ]; then
    die "${_dir} is not a directory of yours: remove it and try again"
  fi
  printf '%s\n' "${_dir}"
}

# under_lock NAME SCRIPT ARGS…: runs a script of this folder while no other process holds the same lock.
# `flock -o` keeps the lock out of the children's hands: a daemon started below must not hold it for ever.
under_lock() {
  _lock=$(machine_dir)/$1.lock
  shift
  if have flock; then
    flock -o "${_lock}" sh "$@"
    return
  fi
  # macOS has no flock: a directory made atomically, taken over when its owner is gone.
  until mkdir "${_lock}.d" 2>/dev/null; do
    _owner=$(cat "${_lock}.d/pid" 2>/dev/null || :)
    if [ -n "${_owner}" ] && ! kill -0 "${_owner}" 2>/dev/null; then rm -rf "${_lock}.d"; fi
    sleep 0.2
  done
  echo $$ >"${_lock}.d/pid"
  _status=0
  sh "$@" || _status=$?
  rm -rf "${_lock}.d"
  return "${_status}"
}
