#!/usr/bin/env bash
# What a training starts from: the window of closed days, who is in production, and what DVC keeps of
# the last run.
#
#   MOVIEREC_STORE  the collector's folder (data): its topics are linked into data/; or
#                   s3://bucket/prefix: its closed days are brought into data/
#   MOVIEREC_DVC    a file of DVC settings (remote, cache) that becomes .dvc/config.local
#   MOVIEREC_DAYS   how many of the newest closed days (14)
#
# In a workspace of Jenkins, what a build that was killed has left there goes first.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1

if [ -n "${JENKINS_URL:-}" ] && [ "${WORKSPACE:-}" -ef . ]; then
  git reset --quiet --hard
  git clean -ffdxq --exclude=/.venv --exclude=/.cache
fi

store=${MOVIEREC_STORE:-data}
if [[ $store == s3://* ]]; then
  python -m infra.release bring --store "$store"
  store=data
fi
[ -d "$store" ] || { echo "error: MOVIEREC_STORE: there is no folder $store" >&2; exit 2; }
if [ ! "$store" -ef data ]; then
  for topic in movielog served; do
    [ ! -d "$store/$topic" ] || ln -sfnT "$(realpath "$store/$topic")" "data/$topic"
  done
fi
[ -z "${MOVIEREC_DVC:-}" ] || install -m 600 "$MOVIEREC_DVC" .dvc/config.local

python -m infra.repository fetch --quiet --tags origin
python -m infra.release window --last "${MOVIEREC_DAYS:-14}"
python -m infra.release incumbent
# What the cache has not is brought from the remote; what was half checked out is made whole.
infra/ci/alone.sh python -m infra.transfer.dvc pull --quiet --force --allow-missing
