#!/usr/bin/env bash
# Resolve pyproject.toml's direct dependencies, of every extra, anew and pin everything in
# requirements.txt; then write what each image installs, with the hashes of its wheels, what
# Spark needs, and what a benchmark's peers need.
#
#   infra/ci/pin.sh              # all anew
#   infra/ci/pin.sh --shipped    # all but requirements.txt, at its versions
set -euo pipefail
cd "$(dirname "$0")/../.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
python3.11 -m venv "$fresh/all"
python3.11 -m venv "$fresh/uv"
if [ "${1:-}" != --shipped ]; then
  "$fresh/all/bin/pip" install --quiet --editable '.[serve,collector,pipeline,dev]'
  {
    echo "# Every package, pinned: pyproject.toml names the direct ones. Made by infra/ci/pin.sh."
    "$fresh/all/bin/pip" freeze --exclude-editable
  } >requirements.txt
fi
"$fresh/uv/bin/pip" install --quiet uv
for extra in serve collector; do
  {
    echo "# What the image of the extra \`$extra\` installs, and nothing else. Made by infra/ci/pin.sh."
    # Of every platform's wheels: an image may be built on another one.
    "$fresh/uv/bin/uv" pip compile --quiet --generate-hashes --only-binary :all: --universal \
      --python-version 3.11 --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
      --constraint requirements.txt --extra "$extra" pyproject.toml
  } >"$fresh/$extra.txt"
  mv "$fresh/$extra.txt" "infra/docker/$extra.txt"
done
{
  echo "# What \`aggregate.engine: spark\` needs, in its image and for its tests. Made by infra/ci/pin.sh."
  # Spark itself is published as a source archive alone.
  "$fresh/uv/bin/uv" pip compile --quiet --generate-hashes --universal --python-version 3.11 \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    --constraint requirements.txt --extra spark pyproject.toml
} >"$fresh/spark.txt"
mv "$fresh/spark.txt" infra/spark/requirements.txt
{
  echo "# Peers of benchmarks, in no image and not in .venv by themselves. Made by infra/ci/pin.sh."
  "$fresh/uv/bin/uv" pip compile --quiet --python-version 3.11 --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --constraint requirements.txt --extra bench pyproject.toml
} >"$fresh/bench.txt"
mv "$fresh/bench.txt" tests/bench/requirements.txt
