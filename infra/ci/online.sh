#!/usr/bin/env bash
# Online evaluation of every closed day that has none yet: metrics/online/DAY.json, committed alone
# and pushed. Whoever pushed meanwhile is taken up first, at most MOVIEREC_TRIES times (3).
#
#   infra/ci/online.sh [BRANCH]        # of origin (master)
#
# Exit status: 0 the origin has them, now or before; 2 something is to be mended; 3 somebody pushed
# first each time.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH
branch=${1:-master}
store=${MOVIEREC_STORE:-data}

days() {
  find -L "$store/$1/days" -mindepth 2 -maxdepth 2 -name manifest.json -printf '%P\n' |
    cut -d/ -f1 | sort
}

take_up() {
  git fetch --quiet origin "+refs/heads/$branch:refs/remotes/origin/$branch" || return 2
  git rebase --quiet --autostash "origin/$branch" || { git rebase --abort; return 2; }
}

[ -d "$store/served/days" ] || { echo "no day of answers is closed yet"; exit 0; }
comm -12 <(days movielog) <(days served) | while read -r day; do
  report=metrics/online/$day.json
  [ -e "$report" ] ||
    python stages/online_evaluate.py --store "$store" --days "$day" --output "$report"
done

git add --all -- metrics/online
git diff --cached --quiet -- metrics/online ||
  git commit --quiet --message "Evaluate what was answered" -- metrics/online
for _ in $(seq "${MOVIEREC_TRIES:-3}"); do
  take_up || exit 2
  if git diff --quiet "origin/$branch" HEAD -- metrics/online; then  # also by a run before this
    echo "no day is to be evaluated"
    exit 0
  fi
  git push --quiet origin "HEAD:refs/heads/$branch" && exit 0
  before=$(git rev-parse "origin/$branch")
  take_up || exit 2
  [ "$before" != "$(git rev-parse "origin/$branch")" ] ||
    { echo "error: origin does not take the evaluation, as it says above; run this again" >&2; exit 2; }
done
echo "error: somebody pushed to $branch first, each time; run this again" >&2
exit 3
