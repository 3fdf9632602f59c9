#!/bin/sh
# `npm run servers`: makes the images of servers that `npm test` leaves out, and runs the databases' tests on each of them.
# Some come from an unreleased suite, which may be broken on some day.
#   servers.sh [SERVER…]    mysql:9, postgres:13, postgres:18, timescaledb:18; all of them without a name
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
cd "${here}/../.."

[ $# -gt 0 ] || set -- mysql:9 postgres:13 postgres:18 timescaledb:18
databases=test/integration/databases

tests_of() {
  case "$1" in
    mysql:*) echo "${databases}"/mariadb*.test.ts ;;
    # Those of several versions at once, and of clients in other containers, choose their servers themselves.
    postgres:*) for kind in '' -by-hand -compare -failures -killed -large; do echo "${databases}/postgres${kind}.test.ts"; done ;;
    timescaledb:*) echo test/servers/timescaledb.test.ts ;;
    *) die "there are no tests for '$1': choose from mysql:9 postgres:13 postgres:18 timescaledb:18" ;;
  esac
}

for server in "$@"; do tests_of "${server}" >/dev/null; done
sh "${here}/prepare.sh"
sh "${here}/images.sh"
failed=
for server in "$@"; do
  say "${server}"
  # shellcheck disable=SC2046 # a list of files
  if ! sh "${here}/images.sh" "$(printf %s "${server}" | tr -d :)" ||
    ! REWIND_TEST_SERVERS=${server} node_modules/.bin/mocha --retries 1 --timeout 400000 --forbid-only \
      --forbid-pending --reporter "${here}/reporter.js" $(tests_of "${server}"); then
    failed="${failed} ${server}"
  fi
done
[ -z "${failed}" ] || die "failed on${failed}"
say "all passed on $*"
