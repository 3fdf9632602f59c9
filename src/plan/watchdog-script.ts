/**
 * The watchdog: reads what it is told from a pipe that closes when the command dies, and acts only then. It needs
 * nothing but sh and docker, costs a few milliseconds, and holds no memory worth mentioning.
 *
 * $1 journal directory, $2 project; then docker's own global flags. Lines: `ID SERVICE SECONDS` (a container that is to
 * run, and for how long a stop of it that was asked for may still be under way), `away` (forget them: nothing may be
 * started now), `done`.
 */
export const WATCHDOG = `
journal=$1 project=$2
shift 2
guarded= grace=0
trap 'exit 0' TERM
while IFS= read -r line; do
  case $line in
    done) exit 0 ;;
    away) guarded= ;;
    *) guarded="$guarded$line
" ;;
  esac
done
[ -n "$guarded" ] || exit 0

# Adds the containers of one guarded line to what has to be unpaused and started: itself, or, where Compose made it
# anew, those of its service.
sort_out() {
  own= others=
  while read -r id state service; do
    if [ "$id" = "$1" ]; then own="$id $state
"; fi
    if [ "$service" = "$2" ]; then others="$others$id $state
"; fi
  done <<STATES
$states
STATES
  while read -r id state; do
    case $state in
      paused) paused="$paused $id" ;;
      exited | created) stopped="$stopped $id" ;;
    esac
  done <<OWN
\${own:-$others}
OWN
}

tries=0 rounds=0
# Whoever concludes the execution takes the journal away; until then, and for ten minutes without an engine at most.
while [ -e "$journal/plan.json" ] && [ "$tries" -lt 1200 ]; do
  if states=$(docker "$@" ps --all --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter label=com.docker.compose.oneoff=False \
    --format '{{.ID}} {{.State}} {{.Label "com.docker.compose.service"}}'); then
    paused= stopped=
    while read -r id service seconds; do
      [ -n "$id" ] || continue
      if [ "$seconds" -gt "$grace" ]; then grace=$seconds; fi
      sort_out "$id" "$service"
    done <<GUARDED
$guarded
GUARDED
    # Once the journal is gone they are somebody else's.
    if [ -n "$paused$stopped" ] && [ -e "$journal/plan.json" ]; then
      echo "unpausing:$paused starting:$stopped"
      if [ -n "$paused" ]; then docker "$@" container unpause $paused; fi
      if [ -n "$stopped" ]; then docker "$@" container start $stopped; fi
      # One that does not stay up has a fault that nobody mends by starting it once more.
      rounds=$((rounds + 1))
      [ "$rounds" -lt 10 ] || exit 1
    elif [ "$tries" -ge $((grace * 2)) ]; then
      exit 0
    fi
  fi
  sleep 0.5
  tries=$((tries + 1))
done
`;
