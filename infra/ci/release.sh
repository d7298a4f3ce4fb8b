#!/usr/bin/env bash
# Register what was trained. Who was first is taken up: fetch, run again what that changed, register
# again, at most MOVIEREC_TRIES times (3).
#
#   infra/ci/release.sh [BRANCH]        # of origin (master)
#
# Leaves .cache/ci/due/KIND with the tag that is to be deployed: one that was never in production. One
# that was, and is no more, or was taken back, is somebody's to decide.
#
# Exit status: 0 released, or nothing was, since the gate refuses both after somebody else's change:
# then .cache/ci/register.xml (JUnit) has the case that fails; 2 something is to be mended; 3 somebody
# was first each time.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
branch=${1:-master}
said=.cache/ci/register.txt

take_up() {
  # register has seen that nothing else differs from HEAD than what it records, which is made again.
  git reset --quiet --hard
  git clean -fdq -- data metrics reports
  python -m infra.repository fetch --quiet origin "+refs/heads/$branch:refs/remotes/origin/$branch"
  git rebase --quiet "origin/$branch" || { git rebase --abort; return 2; }
  infra/ci/fetch.sh
  infra/ci/gate.sh
}

due() {
  local name kind
  rm -rf .cache/ci/due
  mkdir -p .cache/ci/due
  sed -n '/stays out of production$/d; s/^\([a-z]*@v[0-9.]*\): released.*/\1/p' "$said" |
    while read -r name; do
      kind=${name%@*}
      if [ -z "$(git for-each-ref --points-at "$name^{commit}" "refs/tags/$kind#prod#*")" ]; then
        echo "$name" >".cache/ci/due/$kind"
        echo "$name is to be deployed"
      fi
    done
}

mkdir -p .cache/ci
for try in $(seq "${MOVIEREC_TRIES:-3}"); do
  [ "$try" = 1 ] || take_up
  status=0
  python -m infra.release register --branch "$branch" >"$said" || status=$?
  cat "$said"
  [ "$status" = 3 ] || break
done
rm -f .cache/ci/register.xml
case $status in
  0) due ;;
  1) rm -rf .cache/ci/due; cp .cache/ci/gate.xml .cache/ci/register.xml; exit 0 ;;
esac
exit "$status"
