#!/bin/sh
# Reaches a Docker engine with Compose and buildx: the one that `docker info` reaches, or, on a bare Debian machine,
# one installed and started here. Safe to call at any time, from several processes at once; quick when all is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"

# The least Compose that docker-rewind itself accepts.
least_compose=2.20

# `docker version` asks the engine the same as `docker info`, without listing every plugin first.
engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

plugins_are_fine() {
  compose=$(docker compose version --short 2>/dev/null) &&
    version_at_least "${compose#v}" "${least_compose}" &&
    docker buildx version >/dev/null 2>&1
}

# Set-up leaves this mark: an engine without it is somebody's own, and nothing is installed beside it.
ours=/var/lib/docker-rewind-test/engine-set-up

missing_tools() {
  have tmux || echo tmux
  have git || echo git
  have script || echo bsdutils
  have flock || echo util-linux
  have faketime || echo faketime
  have debootstrap || echo debootstrap
  [ -x /usr/bin/busybox ] || [ -x /bin/busybox ] || echo busybox-static
}

if engine_answers; then
  if [ ! -e "${ours}" ]; then
    plugins_are_fine || die "the engine answers, but \`docker compose\` ${least_compose} or newer and \`docker buildx\` are needed: install Docker's compose and buildx plugins"
    exit 0
  fi
  if plugins_are_fine && [ -z "$(missing_tools)" ]; then exit 0; fi
fi

# From here on something has to be set up. Anything that hints at an engine of the user's own is left to the user.
why=$(docker version --format '{{.Server.Version}}' 2>&1 >/dev/null | tail -n 1 || :)
[ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST=${DOCKER_HOST} does not answer (${why}): start that engine or unset DOCKER_HOST"
context=$(docker context show 2>/dev/null || echo default)
[ "${context}" = default ] || die "the Docker context '${context}' does not answer (${why}): start that engine, or run 'docker context use default'"
[ "$(uname -s)" = Linux ] || die "no Docker engine answers: start Docker Desktop (or another engine) and try again"
is_root || die "no Docker engine answers (${why:-docker is not installed}): start one, or run this as root on Debian to have one set up"
if [ -d /run/systemd/system ] && have dockerd && [ ! -e "${ours}" ]; then
  die "Docker is installed but does not run: start it with 'systemctl start docker'"
fi
have apt-get || die "no Docker engine answers and there is no apt-get to install one with: install Docker first (https://docs.docker.com/engine/install/)"

under_lock engine "${here}/engine-setup.sh" "${ours}" "$(missing_tools | tr '\n' ' ')"

engine_answers || die "the engine was set up but does not answer: see /var/lib/docker-rewind-test/dockerd.log"
plugins_are_fine || die "\`docker compose\` ${least_compose} or newer or \`docker buildx\` does not work with $(command -v docker) although both were installed: is an old plugin in ~/.docker/cli-plugins?"
say "the engine answers (Docker $(docker version --format '{{.Server.Version}}'), Compose $(docker compose version --short))"
