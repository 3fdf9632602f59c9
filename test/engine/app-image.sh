#!/bin/sh
# Makes one version of the test app: the same REF, VERSION and MODE always give the same image.
#   app-image.sh REF VERSION [ok|unhealthy|exits|slow|ignores-term]
# http://:8080/version says VERSION. `unhealthy` serves but never gets healthy, `exits` logs why and exits 3, `slow` gets
# healthy after three seconds, `ignores-term` has to be killed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"

[ $# -ge 2 ] || die "usage: app-image.sh REF VERSION [ok|unhealthy|exits|slow|ignores-term]"
mode=${3:-ok}
case "${mode}" in
  ok | unhealthy | exits | slow | ignores-term) ;;
  *) die "there is no mode '${mode}': choose from ok unhealthy exits slow ignores-term" ;;
esac

# One that never gets healthy is told from one that is late by checks after its start.
case "${mode}" in
  unhealthy) check='HEALTHCHECK --interval=1s --timeout=10s --retries=3 --start-period=1s CMD ["/app", "health"]' ;;
  *) check='' ;;
esac

# Metadata only: nothing runs and nothing is copied, so a version costs a fraction of a second.
docker build --quiet --tag "$1" - >/dev/null <<DOCKERFILE
FROM rewind-test/app:base
ENV APP_VERSION="$2" APP_MODE="${mode}"
${check}
LABEL org.opencontainers.image.version="$2"
DOCKERFILE
