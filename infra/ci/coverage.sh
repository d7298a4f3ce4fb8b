#!/usr/bin/env bash
# What the groups of unit.sh covered together: .cache/ci/coverage.xml (Cobertura), .cache/ci/html.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH COVERAGE_FILE=$PWD/.cache/ci/data

python -m coverage combine --quiet --keep .cache/ci/coverage/*/
python -m coverage xml --quiet -o .cache/ci/coverage.xml
python -m coverage html --quiet --directory .cache/ci/html
python -m coverage report --format total
