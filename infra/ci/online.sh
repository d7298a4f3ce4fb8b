#!/usr/bin/env bash
# Online evaluation: each day of data/online/window.yaml that is new or changed, and all of them
# together. What that makes is committed alone and pushed, when the sums of the days are on the DVC
# remote. Whoever pushed meanwhile is taken up first, at most MOVIEREC_TRIES times (3).
#
#   infra/ci/online.sh [BRANCH]        # of origin (master)
#
# Exit status: 0 the origin has it, now or before; 2 something is to be mended; 3 somebody pushed
# first each time.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
branch=${1:-master}
window=data/online/window.yaml
made=(dvc.lock "$window" metrics/online metrics/online.json)
kept=.dvc/tmp/online-window.yaml  # the days, while the file is HEAD's: a kill loses none

fetch() { python -m infra.repository fetch --quiet origin "+refs/heads/$branch:refs/remotes/origin/$branch"; }

keep() { mkdir -p "${kept%/*}" && cp "$window" "$kept.draft" && mv "$kept.draft" "$kept"; }
finish() { rm "$kept"; exit 0; }
put_back() { cp "$kept" "$kept.draft" && mv "$kept.draft" "$window"; }

# The days are those that this night found closed, whatever a rival's night found. A commit of an
# earlier run that does not go together with what a rival has pushed is made again.
take_up() {
  local status=0
  keep && git checkout --quiet HEAD -- "$window" || return 2
  { fetch && { git rebase --quiet --autostash "origin/$branch" || begin_again; }; } || status=2
  put_back && return "$status"
}

begin_again() {
  git rebase --abort
  git diff --quiet "origin/$branch...HEAD" -- . "${made[@]/#/:(exclude)}" && git reset --quiet --keep "origin/$branch"
}

evaluate() {
  infra/ci/repro.sh online_merge
  infra/ci/alone.sh python -m infra.transfer.dvc push --quiet --with-deps online_merge
  mkdir -p metrics/online
  git add --all -- "${made[@]}"
  git diff --cached --quiet -- "${made[@]}" || git commit --quiet --message "Evaluate what was answered"
}

if [ -e "$kept" ] && git diff --quiet HEAD -- "$window"; then put_back; fi
python -m infra.ci.unfinished || exit 2
for _ in $(seq "${MOVIEREC_TRIES:-3}"); do
  take_up || exit 2
  before=$(git rev-parse HEAD)
  evaluate
  if git diff --quiet "origin/$branch" HEAD -- "${made[@]}"; then  # also by a run before this
    echo "no day is to be evaluated"
    finish
  fi
  python -m infra.repository push --quiet origin "HEAD:refs/heads/$branch" && finish
  rival=$(git rev-parse "origin/$branch")
  fetch || exit 2
  [ "$rival" != "$(git rev-parse "origin/$branch")" ] ||
    { echo "error: origin does not take the evaluation, as it says above; run this again" >&2; exit 2; }
  git reset --quiet --keep "$before"  # to be evaluated again on what the rival has
  put_back
done
echo "error: somebody pushed to $branch first, each time; run this again" >&2
exit 3
