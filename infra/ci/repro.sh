#!/usr/bin/env bash
# Run stages of dvc.yaml and those before them, as far as something of them changed; all without names.
# Those that do not wait for each other run side by side, as many as MOVIEREC_JOBS says (0: one a core).
#
#   infra/ci/repro.sh [STAGE …]
#
# Nobody else does so meanwhile (alone.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."

# What is compiled is kept where the cleaning of a workspace leaves it.
export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR:-$PWD/.cache/numba}"
exec infra/ci/alone.sh python -m infra.ci.repro --jobs "${MOVIEREC_JOBS:-0}" "$@"
