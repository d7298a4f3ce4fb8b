#!/usr/bin/env bash
# Run a command that uses DVC's cache while no other does, and end all of it when this is ended.
#
#   infra/ci/alone.sh COMMAND …
#
# The lock is a file in DVC's cache, which all workspaces share; whoever holds it is waited for, for
# MOVIEREC_LOCK_SECONDS (7200). The command has a process group of its own. TERM, INT or HUP ends the
# group; whatever is left of it after ten seconds, in other groups too, is killed. If this itself is
# killed, the next run finds what it left by the mark in its environment, and ends that.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1

lock=$(dvc cache dir)/movierec.lock
mkdir -p "$(dirname "$lock")"

marked() { grep -lszxF "MOVIEREC_ALONE=$1" /proc/[0-9]*/environ | cut -d/ -f3 || true; }

kill_marked() {
  local left
  while left=$(marked "$1") && [ -n "$left" ]; do
    # shellcheck disable=SC2086  # process ids, one a word
    kill -KILL $left 2>/dev/null || true
    sleep 0.05
  done
}

# What the last run wrote: its mark and process id, or nothing when it ended as it should.
leftovers() {
  local mark wrapper
  read -r mark wrapper <"$lock" || return 0
  [ "/proc/$wrapper/fd/8" -ef "$lock" ] && return 0  # it lives, and holds the lock
  [ -z "$(marked "$mark")" ] || echo "alone: ending what a run that was killed has left" >&2
  kill_marked "$mark"
}

# shellcheck disable=SC2317  # called by the trap
end() {
  [ -z "${child:-}" ] || kill -TERM -- "-$child" 2>/dev/null || true
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
