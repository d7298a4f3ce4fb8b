#!/usr/bin/env bash
# The end of a night: what the batch side knows, handed over to Prometheus (infra/prometheus).
#
#   infra/ci/handover.sh success|failure
#
# Of master alone: another branch has no nights.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH DVC_NO_ANALYTICS=1
[ $# -eq 1 ] || { echo "usage: handover.sh success|failure" >&2; exit 2; }
[ "${BRANCH_NAME:-master}" = master ] || exit 0

exec python -m infra.prometheus.handover --outcome "$1"
