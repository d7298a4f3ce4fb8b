#!/usr/bin/env bash
# Lint and type-check. Called by `make test`, by .ci/run and by a person in the same way.
set -euo pipefail
cd "$(dirname "$0")/../.."

ruff check --quiet .
ruff format --check --quiet .
mypy
