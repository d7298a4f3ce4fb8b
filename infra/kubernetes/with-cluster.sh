#!/usr/bin/env bash
# Run a command with a Kubernetes cluster: the one that KUBECONFIG names, else one of this machine,
# where there is a tool to start it.
#
#   infra/kubernetes/with-cluster.sh python -m infra.demo.cluster
#
# HAND_IMAGES is the command that gives Docker's images to the cluster, their names behind it: such
# as `kind load docker-image` or `minikube image load`.
set -euo pipefail

tool=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/../shared/tools/k8s-up
if [ -z "${KUBECONFIG:-}" ]; then
  [ -x "$tool" ] || { echo "error: no cluster: set KUBECONFIG, and HAND_IMAGES" >&2; exit 2; }
  eval "$("$tool")"
  PATH=$(dirname "$KUBECTL"):$PATH
  HAND_IMAGES=${HAND_IMAGES:-$tool image}
fi
[ -n "${HAND_IMAGES:-}" ] || { echo "error: HAND_IMAGES is not set: $0 says what it is" >&2; exit 2; }
export PATH HAND_IMAGES
exec "$@"
