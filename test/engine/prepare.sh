#!/bin/sh
# Brings what the demo and the tests need: dependencies (Node itself is one of them), the build, a Docker engine.
# Quick when all is there; safe to call from several processes at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
cd "${here}/../.."

if ! have node || ! have npm; then
  die "Node and npm are needed: install Node 24 (https://nodejs.org), or 'apt-get install nodejs npm'"
fi

# Two of these at once in one checkout would install over each other.
if [ "${1:-}" != --locked ]; then
  under_lock "checkout-$(pwd | cksum | tr -d ' ')" "${here}/prepare.sh" --locked
  exec sh "${here}/engine.sh"
fi

installed=node_modules/.package-lock.json
if [ -z "$(find "${installed}" -newer package-lock.json 2>/dev/null)" ]; then
  if [ -e "${installed}" ] && node "${here}/installed.js"; then
    touch "${installed}"
  else
    say "installing Node and the dependencies into node_modules"
    npm ci --no-audit --no-fund --loglevel=error
  fi
fi

# Folders count too: their time changes when a file in them is taken away.
built=node_modules/.docker-rewind-built
if [ ! -d dist ] || [ ! -e "${built}" ] || [ -n "$(find src bin package.json tsconfig.json .ci -newer "${built}" | head -n 1)" ]; then
  say "building"
  touch "${built}.new"
  npm run --silent build
  mv "${built}.new" "${built}"
fi
