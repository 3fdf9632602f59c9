#!/bin/sh
# Starts redis-server or valkey-server as its own user, open to other containers as the official images are.
set -eu

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then set -- default-server "$@"; fi
case "$1" in
  redis-server | valkey-server) ;;
  *) exec "$@" ;;
esac

if [ "$(id -u)" = 0 ]; then
  user=${1%-server}
  find /data ! -user "${user}" -exec chown "${user}:${user}" '{}' +
  exec setpriv --reuid="${user}" --regid="${user}" --init-groups -- "$0" "$@"
fi

# Debian's build keeps the protected mode, which refuses every client from another host; what the caller says wins.
server=$1
shift
case " $* " in
  *' --protected-mode '*) ;;
  *) set -- "$@" --protected-mode no ;;
esac
exec "${server}" "$@"
