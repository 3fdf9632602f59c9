# The images of the tests: our name, the public image that serves as it, what it is built from otherwise.
# To be sourced after lib.sh; `here` is this folder.
# shellcheck shell=sh disable=SC2034,SC2154

# Those that are built on others come after them.
all_images="alpine debian trixie app registry helper postgres postgres17 mariadb mariadb11 redis valkey"
# Further servers, for `npm run servers` alone: some are of suites that may be broken on some day.
server_images="sid bullseye mysql9 postgres13 postgres18 timescaledb18"

ours() {
  case "$1" in
    alpine) echo rewind-test/alpine:3.20 ;;
    debian) echo rewind-test/debian:bookworm ;;
    trixie) echo rewind-test/debian:trixie ;;
    app) echo rewind-test/app:base ;;
    registry) echo rewind-test/registry:2 ;;
    helper) echo rewind-test/helper:1 ;;
    postgres) echo rewind-test/postgres:15 ;;
    postgres17) echo rewind-test/postgres:17 ;;
    mariadb) echo rewind-test/mariadb:10.11 ;;
    mariadb11) echo rewind-test/mariadb:11 ;;
    redis) echo rewind-test/redis:7 ;;
    valkey) echo rewind-test/valkey:8 ;;
    sid) echo rewind-test/debian:sid ;;
    bullseye) echo rewind-test/debian:bullseye ;;
    mysql9) echo rewind-test/mysql:9 ;;
    postgres13) echo rewind-test/postgres:13 ;;
    postgres18) echo rewind-test/postgres:18 ;;
    timescaledb18) echo rewind-test/timescaledb:18 ;;
    *) die "there is no image '$1': choose from ${all_images} ${server_images}" ;;
  esac
}

public() {
  case "$1" in
    alpine) echo alpine:3.20 ;;
    debian) echo debian:bookworm-slim ;;
    trixie) echo debian:trixie-slim ;;
    registry) echo registry:2 ;;
    postgres) echo postgres:15 ;;
    postgres17) echo postgres:17 ;;
    mariadb) echo mariadb:10.11 ;;
    mariadb11) echo mariadb:11.8 ;;
    redis) echo redis:7 ;;
    valkey) echo valkey/valkey:8 ;;
    sid) echo debian:sid-slim ;;
    bullseye) echo debian:bullseye-slim ;;
    mysql9) echo mysql:9 ;;
    postgres13) echo postgres:13 ;;
    postgres18) echo postgres:18 ;;
    timescaledb18) echo timescale/timescaledb:latest-pg18 ;;
  esac
}

built_on() {
  case "$1" in
    app) echo alpine ;;
    registry | helper | postgres | mariadb | redis) echo debian ;;
    postgres17 | mariadb11 | valkey) echo trixie ;;
    mysql9 | postgres18 | timescaledb18) echo sid ;;
    postgres13) echo bullseye ;;
  esac
}

# The folder below images/ that says how it is made.
folder() {
  case "$1" in
    trixie | sid | bullseye) echo debian ;;
    postgres17 | postgres13) echo postgres ;;
    timescaledb18) echo postgres18 ;;
    mysql9) echo mysql ;;
    mariadb11) echo mariadb ;;
    valkey) echo redis ;;
    *) echo "$1" ;;
  esac
}

# The folder whose files it is built from, where that is another one.
context() {
  case "$(folder "$1")" in
    postgres18) echo postgres ;;
    *) folder "$1" ;;
  esac
}

# What tells the images of one folder apart: arguments of its make.sh or Dockerfile.
arguments() {
  case "$1" in
    debian) echo bookworm ;;
    trixie) echo trixie ;;
    postgres) echo VERSION=15 ;;
    postgres17) echo VERSION=17 BASE=rewind-test/debian:trixie ;;
    mariadb11) echo BASE=rewind-test/debian:trixie ;;
    redis) echo SERVER=redis ;;
    valkey) echo SERVER=valkey BASE=rewind-test/debian:trixie ;;
    sid | bullseye) echo "$1" ;;
    postgres13) echo VERSION=13 BASE=rewind-test/debian:bullseye ;;
    timescaledb18) echo TIMESCALEDB=on ;;
  esac
}

# Changes when a file does that the image is made from.
recipe_of() { recipe "$1" | cksum | tr -d ' '; }
recipe() {
  cat "${here}/images/$(folder "$1")"/*
  [ "$(context "$1")" = "$(folder "$1")" ] || cat "${here}/images/$(context "$1")"/*
  arguments "$1"
}
