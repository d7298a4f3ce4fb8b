#!/usr/bin/env bash
# Online evaluation of every closed day that has none yet: metrics/online/DAY.json, committed alone
# and pushed. Whoever pushed meanwhile is taken up first, at most MOVIEREC_TRIES times (3).
#
#   infra/ci/online.sh [BRANCH]        # of origin (master)
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH
branch=${1:-master}
store=${MOVIEREC_STORE:-data}

closed() { find -L "$store/$1/days" -mindepth 2 -maxdepth 2 -name manifest.json -printf '%h\n' | sort; }
days() { closed "$1" | xargs -r -n1 basename; }

[ -d "$store/served/days" ] || { echo "no day of answers is closed yet"; exit 0; }
comm -12 <(days movielog) <(days served) | while read -r day; do
  report=metrics/online/$day.json
  [ -e "$report" ] ||
    python stages/online_evaluate.py --store "$store" --days "$day" --output "$report"
done

git add --all -- metrics/online
if git diff --cached --quiet -- metrics/online; then
  echo "no day is to be evaluated"
  exit 0
fi
git commit --quiet --message "Evaluate what was answered" -- metrics/online
for _ in $(seq "${MOVIEREC_TRIES:-3}"); do
  git fetch --quiet origin "+refs/heads/$branch:refs/remotes/origin/$branch"
  git rebase --quiet --autostash "origin/$branch"
  git push --quiet origin "HEAD:refs/heads/$branch" && exit 0
done
echo "error: somebody pushed to $branch first, each time; run this again" >&2
exit 3
