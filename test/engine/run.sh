#!/bin/sh
# `npm test`: sets up what is missing, then runs the unit tests and the tests on a real engine, and adds them up.
# Arguments go on to mocha: npm test -- --grep rollback
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/engine/lib.sh
. "${here}/lib.sh"
cd "${here}/../.."

sh "${here}/prepare.sh"
sh "${here}/images.sh"

counts=$(mktemp)
trap 'rm -f "${counts}"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

# count NAME: one number of the reporter's line; 0 without a line.
count() {
  number=$(printf '%s' "${line}" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p")
  echo "${number:-0}"
}

# suite SCRIPT ARGS…: a run that dies before it can count is one failure; a test that was skipped is one, too.
suite() {
  script=$1
  shift
  say "npm run ${script}"
  : >"${counts}"
  status=0
  REWIND_TEST_COUNTS=${counts} npm run --silent "${script}" -- --reporter "${here}/reporter.js" \
    --forbid-only --forbid-pending "$@" || status=$?
  line=$(tail -n 1 "${counts}")
  bad=$(($(count failures) + $(count pending)))
  if [ "${status}" -ne 0 ] && [ "${bad}" -eq 0 ]; then
    say "${script} ended with exit code ${status} without finishing"
    bad=1
  fi
  passed=$((passed + $(count passes)))
  failed=$((failed + bad))
}

# An integration test says more than a unit test about the same fault: both always run.
suite test:unit "$@"
suite test:integration "$@"

if [ "${passed}" -eq 0 ] && [ "${failed}" -eq 0 ]; then
  say "no test ran: does '$*' match any?"
  failed=1
fi
printf '\n%s passed, %s failed\n' "${passed}" "${failed}"
[ "${failed}" -eq 0 ]
