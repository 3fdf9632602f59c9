#!/bin/sh
# Starts PostgreSQL; on an empty data directory makes the database first, with the official image's settings:
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (each also as NAME_FILE), POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD and /docker-entrypoint-initdb.d/*.sh|*.sql|*.sql.gz.
set -eu

setting() {
  eval "value=\${$1:-} file=\${$1_FILE:-}"
  # shellcheck disable=SC2154 # both are set by eval
  if [ -n "${file}" ]; then value=$(cat "${file}"); fi
  printf '%s' "${value:-$2}"
}

[ "${1:-postgres}" = postgres ] || [ "${1#-}" != "$1" ] || exec "$@"
if [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi

if [ "$(id -u)" = 0 ]; then
  mkdir -p "${PGDATA}"
  chown -R postgres:postgres "${PGDATA}" /var/run/postgresql
  chmod 700 "${PGDATA}"
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

run_init_files() {
  for init in /docker-entrypoint-initdb.d/*; do
    case "${init}" in
      *.sh) echo "running ${init}" && sh "${init}" ;;
      *.sql) echo "running ${init}" && "$@" -f "${init}" ;;
      *.sql.gz) echo "running ${init}" && gunzip -c "${init}" | "$@" ;;
    esac
  done
}

# The password's quotes are doubled; a statement for one server alone is one line.
from_template() {
  cp -R /usr/share/postgresql-template/. "${PGDATA}"
  quoted=$(printf '%s' "$1" | sed "s/'/''/g")
  echo "ALTER USER postgres PASSWORD '${quoted}'" | postgres --single -D "${PGDATA}" -c fsync=off postgres >/dev/null
}

make_anew() {
  password_file=$(mktemp)
  trap 'rm -f "${password_file}"' EXIT
  printf '%s\n' "$2" >"${password_file}"
  # shellcheck disable=SC2086 # POSTGRES_INITDB_ARGS is a list of arguments
  initdb --username="$1" --pwfile="${password_file}" --auth-local=trust ${POSTGRES_INITDB_ARGS:-}
  rm -f "${password_file}"
}

if [ ! -s "${PGDATA}/PG_VERSION" ]; then
  user=$(setting POSTGRES_USER postgres)
  database=$(setting POSTGRES_DB "${user}")
  password=$(setting POSTGRES_PASSWORD '')
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "${password}" ] && [ "${method}" != trust ]; then
    echo 'Error: database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD' >&2
    exit 1
  fi

  if [ "${user}" = postgres ] && [ -z "${POSTGRES_INITDB_ARGS:-}" ]; then
    from_template "${password:-unused}"
  else
    make_anew "${user}" "${password:-unused}"
  fi
  echo "host all all all ${method}" >>"${PGDATA}/pg_hba.conf"

  # No client from outside gets in before the files below have run.
  if [ "${database}" != postgres ] || [ -n "$(ls -A /docker-entrypoint-initdb.d)" ]; then
    pg_ctl -D "${PGDATA}" -o "-c listen_addresses=''" -w start
    if [ "${database}" != postgres ]; then
      createdb --username="${user}" --maintenance-db=postgres "${database}"
    fi
    run_init_files psql -X -v ON_ERROR_STOP=1 --no-password --username="${user}" --dbname="${database}"
    pg_ctl -D "${PGDATA}" -m fast -w stop
  fi
  sed -i "s/^#*listen_addresses = .*/listen_addresses = '*'/" "${PGDATA}/postgresql.conf"
  echo 'PostgreSQL init process complete; ready for start up.'
fi

exec "$@"
