#!/usr/bin/env bash
# Sourced by what fetches and pushes: git gives up a network that stands still for TRANSFER_SECONDS
# (300; infra/release/README.md), where its user set up nothing else. As infra/repository.py does.
set -euo pipefail

patience=${TRANSFER_SECONDS:-300}
export GIT_HTTP_LOW_SPEED_LIMIT=${GIT_HTTP_LOW_SPEED_LIMIT:-1}
export GIT_HTTP_LOW_SPEED_TIME=${GIT_HTTP_LOW_SPEED_TIME:-$patience}
if [ -z "${GIT_SSH:-}${GIT_SSH_COMMAND:-}" ] && ! git config core.sshCommand >/dev/null; then
  alive="-o ServerAliveInterval=$((patience / 3 + 1)) -o ServerAliveCountMax=3"
  export GIT_SSH_COMMAND="ssh $alive -o ConnectTimeout=$patience"
fi
