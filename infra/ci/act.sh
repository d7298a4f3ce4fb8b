#!/usr/bin/env bash
# What online evaluation's verdict calls for (python -m infra.release act --help), behind online.sh.
# It changes what is in production, and perhaps the branch: both are taken up here.
#
#   infra/ci/act.sh [BRANCH]        # of origin (master)
#
# Exit status: as that of act.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH
branch=${1:-master}

status=0
python -m infra.release act --branch "$branch" || status=$?
python -m infra.repository fetch --quiet origin "+refs/heads/$branch:refs/remotes/origin/$branch"
git rebase --quiet --autostash "origin/$branch" || { git rebase --abort; exit 2; }
python -m infra.release incumbent
exit "$status"
