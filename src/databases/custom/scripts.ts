/**
 * What runs in the service's container. The commands are the user's own and come as a positional parameter; REWIND_RUN
 * in their environment names them, so that what a killed caller left behind is found again.
 */

/** $1 name of the run, $2 command. Its exit code is that of the command. */
export const RUN = `
REWIND_RUN=$1
export REWIND_RUN
exec sh -c "$2"
`;

/** $1 name of the run: ends every process of it, and waits until they are gone. */
export const END = `
while :; do
  found=
  for process in /proc/[0-9]*; do
    if tr '\\0' '\\n' <"$process/environ" 2>/dev/null | grep -q -x -F "REWIND_RUN=$1"; then
      found="$found \${process#/proc/}"
    fi
  done
  [ -n "$found" ] || exit 0
  kill -9 $found 2>/dev/null
  sleep 0.1 2>/dev/null || sleep 1
done
`;
