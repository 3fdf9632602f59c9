#!/bin/sh
# `npm run demo`: deploys the shop in examples/shop, breaks it, and goes back; see examples/demo.ts for the story.
#   npm run demo [-- --keep]     --keep leaves the shop running and says how to stop it
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
engine=${root}/test/engine

sh "${engine}/prepare.sh"
sh "${engine}/images.sh" alpine debian postgres helper
# The image that docker rewind builds for itself comes from a registry, which is not always there.
export REWIND_HELPER_IMAGE=rewind-test/helper:1
export SHOP_BASE=rewind-test/debian:bookworm SHOP_POSTGRES=rewind-test/postgres:15
sh "${root}/examples/shop/build-versions.sh"

# Node itself is one of the dependencies: the one installed beside them is new enough.
PATH="${root}/node_modules/.bin:${PATH}"
export PATH
exec node "${root}/examples/demo.ts" "$@"
