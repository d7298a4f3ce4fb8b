#!/usr/bin/env bash
# Build an image of the work tree, to try it. Its name ends in `dev`: a release is made from its git
# tag, by `python -m infra.release image svd@v1.4.0`, and never here.
#
#   infra/docker/build.sh collector   # movierec-collector:dev; `router` likewise
#   infra/docker/build.sh svd         # movierec:svd-dev, with models/svd as `dvc repro` left it
#
# CONTEXT is the folder to build from (default: this repository), REPOSITORY replaces `movierec` in
# the name, DOCKER_BUILD_OPTIONS go to `docker build` (such as `--network host`). Prints name and id.
set -euo pipefail

what=$1
context=${CONTEXT:-$(cd "$(dirname "$0")/../.." && pwd)}
read -ra options <<<"${DOCKER_BUILD_OPTIONS:-}"
case $what in
  svd | svdpp)
    if [ ! -d "$context/models/$what" ]; then
      echo "error: $context/models/$what: no model there; run \`dvc repro\` or \`dvc pull\`, or" \
        "take the demo's: make image-dev IN=.demo/workspace" >&2
      exit 2
    fi
    file=serve image=${REPOSITORY:-movierec}:$what-dev
    commit=$(git -C "$(dirname "$0")" describe --always --dirty --abbrev=40 --exclude '*')
    options+=(--build-arg "MODEL=$what" --build-arg "MODEL_VERSION=$what@dev")
    options+=(--build-arg "GIT_COMMIT=$commit")
    options+=(--build-arg "DATA_DAY=$(sed -n 's/^  - "\(.*\)"$/\1/p' "$context/data/window.yaml" | tail -1)")
    ;;
  *) file=$what image=${REPOSITORY:-movierec}-$what:dev ;;
esac
id=$(docker build --quiet "${options[@]}" --tag "$image" \
  --file "$context/infra/docker/$file.Dockerfile" "$context")
echo "$image $id"
