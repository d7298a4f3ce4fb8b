#!/usr/bin/env bash
# The fast tests of one group, with coverage. Several may run side by side.
#
#   infra/ci/unit.sh GROUP      # one of python -m infra.ci.groups --help
#
# Leaves .cache/ci/unit/GROUP.xml (JUnit) and what it covered, for coverage.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
group=${1:?usage: unit.sh GROUP}

rm -rf ".cache/ci/coverage/$group"  # of an earlier build that was killed
mkdir -p .cache/ci/unit ".cache/ci/coverage/$group"
flock .cache/ci/setup.lock make --no-print-directory setup  # one of those side by side makes it
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
export COVERAGE_FILE=$PWD/.cache/ci/coverage/$group/data  # each process adds a suffix of its own

files=$(python -m infra.ci.groups "$group")
mapfile -t files <<<"$files"
exec python -m coverage run -m pytest --junitxml ".cache/ci/unit/$group.xml" \
  -o "junit_suite_name=$group" -p no:cacheprovider \
  -m "not slow and not broker and not docker and not cluster and not fuzz" "${files[@]}"
