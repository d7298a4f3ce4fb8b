#!/usr/bin/env bash
# Run a command that uses DVC's cache while no other does, and end all of it when this is ended.
#
#   infra/ci/alone.sh COMMAND …
#
# The lock is a file in DVC's cache, which all workspaces share; whoever holds it is waited for, for
# MOVIEREC_LOCK_SECONDS (7200). The command has a process group of its own. TERM, INT or HUP ends it
# and all that it started, which is known by a mark in its environment; what is left after ten seconds
# is killed. If this itself is killed, or is of an earlier build of the same Jenkins job, the next run
# finds by the mark what it left, and ends that.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1

lock=$(dvc cache dir)/movierec.lock
mkdir -p "$(dirname "$lock")"

marked() { grep -lszxF "MOVIEREC_ALONE=$1" /proc/[0-9]*/environ | cut -d/ -f3 || true; }

# shellcheck disable=SC2046  # process ids, one a word
signal_marked() { kill "$2" $(marked "$1") 2>/dev/null || true; }

kill_marked() {
  while [ -n "$(marked "$1")" ]; do
    signal_marked "$1" -KILL
    sleep 0.05
  done
}

# Builds of a job do not overlap: one that still runs has lost its Jenkins.
of_earlier_build() {
  [ -n "${JOB_NAME:-}" ] && grep -qszxF "JOB_NAME=$JOB_NAME" "/proc/$1/environ" &&
    ! grep -qszxF "BUILD_NUMBER=${BUILD_NUMBER:-}" "/proc/$1/environ"
}

# What the last run wrote: its mark and process id, or nothing when it ended as it should.
leftovers() {
  local mark wrapper
  read -r mark wrapper <"$lock" || return 0
  if [ "/proc/$wrapper/fd/8" -ef "$lock" ]; then  # it lives, and holds the lock
    of_earlier_build "$wrapper" || return 0
    kill -KILL "$wrapper" 2>/dev/null || true
  fi
  [ -z "$(marked "$mark")" ] || echo "alone: ending what a run that was killed has left" >&2
  kill_marked "$mark"
}

# shellcheck disable=SC2317  # called by the trap
end() {
  signal_marked "$mark" -TERM
  for _ in {1..100}; do
    [ -n "$(marked "$mark")" ] || break
    sleep 0.1
  done
  kill_marked "$mark"
}

exec 8<>"$lock"
leftovers
if ! flock --nonblock 8; then
  echo "alone: waiting for $(cut -d' ' -f2 <"$lock"), which holds $lock" >&2
  flock --timeout "${MOVIEREC_LOCK_SECONDS:-7200}" 8 ||
    { echo "error: $lock is held for too long; see who does: fuser -v $lock" >&2; exit 2; }
fi
leftovers  # of one that was killed while we waited
mark=$(cat /proc/sys/kernel/random/uuid)
trap 'end; : >"$lock"; exit 143' TERM INT HUP
echo "$mark $$" >"$lock"
MOVIEREC_ALONE=$mark setsid "$@" 9<&8 8<&- &
child=$!
status=0
wait "$child" || status=$?
: >"$lock"
exit "$status"
