#!/usr/bin/env bash
# Build an image: of the collector, of the router, or of a service with one model baked in.
#
#   infra/docker/build.sh collector movierec-collector:dev
#   infra/docker/build.sh router movierec-router:dev
#   MODEL_VERSION=svd@v1.4.0 infra/docker/build.sh svd movierec-svd:v1.4.0
#
# CONTEXT is the folder to build from (default: this repository), DOCKER_BUILD_OPTIONS go to
# `docker build` (such as `--network host`). Prints the image's id.
set -euo pipefail

what=$1 tag=$2
context=${CONTEXT:-$(cd "$(dirname "$0")/../.." && pwd)}
commit=$(git -C "$(dirname "$0")" rev-parse HEAD)
read -ra options <<<"${DOCKER_BUILD_OPTIONS:-}"
if [ "$what" = collector ] || [ "$what" = router ]; then
  file=$what.Dockerfile
else
  file=serve.Dockerfile
  options+=(--build-arg "MODEL=$what" --build-arg "MODEL_VERSION=${MODEL_VERSION:-$what@unreleased}")
  options+=(--build-arg "GIT_COMMIT=$commit")
fi
exec docker build --quiet "${options[@]}" --tag "$tag" --file "$context/infra/docker/$file" "$context"
