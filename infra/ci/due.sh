#!/usr/bin/env bash
# A verb of python -m infra.release for the releases that release.sh found to be deployed.
#
#   infra/ci/due.sh svd|svdpp|all VERB [OPTION …]      # {} in an option stands for the model
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
[ $# -ge 2 ] || { echo "usage: due.sh svd|svdpp|all VERB [OPTION …]" >&2; exit 2; }
verb=$2

shopt -s nullglob
files=(.cache/ci/due/*)
if [ "$1" != all ]; then
  files=()
  [ ! -e ".cache/ci/due/$1" ] || files=(".cache/ci/due/$1")
fi
[ ${#files[@]} -gt 0 ] || echo "nothing is to be deployed"
for file in "${files[@]}"; do
  options=("${@:3}")
  python -m infra.release "$verb" "$(cat "$file")" "${options[@]//\{\}/$(basename "$file")}"
done
