#!/bin/sh
# Builds the three versions of the shop: rewind-shop/web:1.0.0, 2.0.0 and 3.0.0 (the broken one).
# SHOP_BASE names another base image than debian:bookworm-slim.
set -eu
cd "$(dirname "$0")"
for version in 1.0.0 2.0.0 3.0.0; do
  docker build --quiet --build-arg BASE="${SHOP_BASE:-debian:bookworm-slim}" --build-arg VERSION="${version}" \
    --tag "rewind-shop/web:${version}" web >/dev/null
  echo "built rewind-shop/web:${version}"
done
