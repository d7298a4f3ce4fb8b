#!/usr/bin/env bash
# The gate, and its verdict as .cache/ci/gate.xml (JUnit): the case that nothing may be released fails
# when both models are refused. That is a result: the status is 0.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH

infra/ci/repro.sh drift gate  # a release commits both reports
python -m infra.ci.verdict --gate reports/gate.json --output .cache/ci/gate.xml
