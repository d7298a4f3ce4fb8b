#!/usr/bin/env bash
# Resolve pyproject.toml's direct dependencies, of every extra, anew and pin everything in requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
python3.11 -m venv "$fresh"
"$fresh/bin/pip" install --quiet --editable '.[serve,collector,pipeline,dev]'
{
  echo "# Every package, pinned: pyproject.toml names the direct ones. Made by infra/ci/pin.sh."
  "$fresh/bin/pip" freeze --exclude-editable
} >requirements.txt
