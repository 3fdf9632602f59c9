#!/bin/sh
# Starts MySQL; on an empty data directory makes users and database first, with the official image's settings, each also
# as NAME_FILE: MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_ROOT_HOST, MYSQL_DATABASE, MYSQL_USER,
# MYSQL_PASSWORD.
set -eu

setting() {
  eval "value=\${MYSQL_$1:-} file=\${MYSQL_$1_FILE:-}"
  # shellcheck disable=SC2154 # both are set by eval
  if [ -n "${file}" ]; then value=$(cat "${file}"); fi
  printf '%s' "${value:-$2}"
}
text() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }
name() { printf '`%s`' "$(printf '%s' "$1" | sed 's/`/``/g')"; }

if [ "${1#-}" != "$1" ]; then set -- mysqld "$@"; fi
[ "$1" = mysqld ] || exec "$@"

data=/var/lib/mysql
if [ "$(id -u)" = 0 ]; then
  find "${data}" /run/mysqld ! -user mysql -exec chown mysql:mysql '{}' +
  exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$0" "$@"
fi

first_statements() {
  root=$(text "$1")
  host=$(text "$(setting ROOT_HOST %)")
  database=$(setting DATABASE '')
  user=$(setting USER '')
  echo "ALTER USER root@localhost IDENTIFIED BY ${root};"
  echo "CREATE USER IF NOT EXISTS root@${host} IDENTIFIED BY ${root};"
  echo "GRANT ALL ON *.* TO root@${host} WITH GRANT OPTION;"
  [ -z "${database}" ] || echo "CREATE DATABASE $(name "${database}");"
  [ -n "${user}" ] || return 0
  echo "CREATE USER $(text "${user}")@'%' IDENTIFIED BY $(text "$(setting PASSWORD '')");"
  [ -z "${database}" ] || echo "GRANT ALL ON $(name "${database}" | sed 's/[_%]/\\&/g').* TO $(text "${user}")@'%';"
}

if [ ! -d "${data}/mysql" ]; then
  password=$(setting ROOT_PASSWORD '')
  if [ -z "${password}${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo 'Error: database is uninitialized and password option is not specified: set MYSQL_ROOT_PASSWORD' >&2
    exit 1
  fi
  statements=$(mktemp)
  first_statements "${password}" >"${statements}"
  # What makes a directory one of data comes last: a start that was killed here is begun again.
  cp -R /usr/share/mysql-template/. "${data}/new"
  mv "${data}/new/mysql" "${data}/new.mysql"
  mv "${data}/new/"* "${data}/"
  rm -rf "${data}/new"
  mv "${data}/new.mysql" "${data}/mysql"
  # Run before the first client is let in; the server reads and closes it at its start, so it may stay.
  set -- "$@" --init-file="${statements}"
fi

exec "$@"
