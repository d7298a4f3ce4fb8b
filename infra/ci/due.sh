#!/usr/bin/env bash
# A verb of python -m infra.release for the releases that release.sh found to be deployed.
#
#   infra/ci/due.sh svd|svdpp|all VERB [OPTION …]      # {} in an option stands for the model
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
[ $# -ge 2 ] || { echo "usage: due.sh svd|svdpp|all VERB [OPTION …]" >&2; exit 2; }
kind=${1/all/*}
verb=$2

shopt -s nullglob
# shellcheck disable=SC2206  # all is a pattern
files=(.cache/ci/due/$kind)
[ ${#files[@]} -gt 0 ] || echo "nothing is to be deployed"
for file in "${files[@]}"; do
  options=("${@:3}")
  python -m infra.release "$verb" "$(cat "$file")" "${options[@]//\{\}/$(basename "$file")}"
done
