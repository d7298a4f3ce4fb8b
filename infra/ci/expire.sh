#!/usr/bin/env bash
# What python -m infra.release expire does, in the collector's folder.
#
#   infra/ci/expire.sh [--apply]
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH=$PWD/.venv/bin:$PATH

exec python -m infra.release expire --store "${MOVIEREC_STORE:-data}" "$@"
