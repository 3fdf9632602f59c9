# The images of the tests: our name, the public image that serves as it, what it is built from otherwise.
# To be sourced after lib.sh; `here` is this folder.
# shellcheck shell=sh disable=SC2034,SC2154

all_images="alpine debian app registry postgres helper"

ours() {
  case "$1" in
    alpine) echo rewind-test/alpine:3.20 ;;
    debian) echo rewind-test/debian:bookworm ;;
    app) echo rewind-test/app:base ;;
    registry) echo rewind-test/registry:2 ;;
    postgres) echo rewind-test/postgres:15 ;;
    helper) echo rewind-test/helper:1 ;;
    *) die "there is no image '$1': choose from ${all_images}" ;;
  esac
}

public() {
  case "$1" in
    alpine) echo alpine:3.20 ;;
    debian) echo debian:bookworm-slim ;;
    registry) echo registry:2 ;;
    postgres) echo postgres:15 ;;
  esac
}

built_on() {
  case "$1" in
    app) echo alpine ;;
    registry | postgres | helper) echo debian ;;
  esac
}

# Changes when a file of the image's folder does.
recipe_of() { cat "${here}/images/$1"/* | cksum | tr -d ' '; }
