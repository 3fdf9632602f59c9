#!/bin/sh
# Stands before docker or git in PATH, under their names: notes every call, and lets the one go wrong that the file
# `fault` beside it describes: MODE NUMBER PATTERN, the NUMBERth call whose command line fits the shell PATTERN. With a file
# `elsewhere` the engine shares no files with this host.
#   fail  does nothing and says so      lost  does its work and says that it failed
#   hang  does nothing, for ever        cut   half of the answer, and exit code 0 (of a question; a change is killed)
#   kill  dies while it is at work
set -u
dir=${0%/*} name=${0##*/}
read -r real <"${dir}/${name}.real"
[ "${1:-}" != rewind ] || exec "${real}" "$@"

# next PREFIX: takes the next free number; a name is made by one call only.
next() {
  number=1
  set -C
  while ! { true >"${dir}/$1.${number}"; } 2>/dev/null; do number=$((number + 1)); done
  set +C
}

line="${name} $*"
next call
printf '%s' "${line}" >"${dir}/call.${number}"
if [ -e "${dir}/elsewhere" ]; then
  case ${line} in
    'docker run '*target=/exchange*)
      echo 'docker: Error response from daemon: bind source path does not exist: /exchange' >&2
      exit 125
      ;;
  esac
fi
[ -e "${dir}/fault" ] || exec "${real}" "$@"
read -r mode wanted pattern <"${dir}/fault"
# shellcheck disable=SC2254
case ${line} in ${pattern}) ;; *) exec "${real}" "$@" ;; esac
next match
[ "${number}" -eq "${wanted}" ] || exec "${real}" "$@"
printf '%s' "${line}" >"${dir}/hit"

# The container that `docker run` was told to make is there.
started() {
  previous=
  for word in "$@"; do
    if [ "${previous}" = --name ]; then break; fi
    previous=${word}
  done
  until [ "$("${real}" container inspect --format '{{.State.Running}}' "${word}" 2>/dev/null)" = true ]; do sleep 0.1; done
}

case ${mode} in
  fail)
    echo 'Error response from daemon: the fault that was asked for' >&2
    exit 1
    ;;
  lost)
    # Whoever feeds it waits for a word of it that never comes: it is given some time, and then its client dies.
    "${real}" "$@" <&0 >/dev/null 2>&1 &
    if [ "${1:-}" = run ]; then
      started "$@"
    elif [ "${1:-}" = exec ]; then
      tries=0
      while kill -0 $! 2>/dev/null && [ "${tries}" -lt 50 ]; do sleep 0.1 && tries=$((tries + 1)); done
    else
      wait $!
    fi
    kill -KILL $! 2>/dev/null
    echo 'error during connect: the answer that was lost: EOF' >&2
    exit 1
    ;;
  hang) exec sleep 600 ;;
  cut)
    case ${name}-${1:-} in
      docker-run | docker-exec)
        kill -KILL $$
        ;;
    esac
    "${real}" "$@" >"${dir}/whole"
    bytes=$(wc -c <"${dir}/whole")
    head -c $((bytes / 2)) "${dir}/whole" >"${dir}/half"
    # A cut between two lines cannot be told from an end.
    if [ -z "$(tail -c 1 "${dir}/half")" ]; then head -c $((bytes / 2 - 1)) "${dir}/whole"; else cat "${dir}/half"; fi
    exit 0
    ;;
  kill)
    "${real}" "$@" <&0 &
    sleep 0.1
    kill -KILL $! 2>/dev/null
    kill -KILL $$
    ;;
esac
