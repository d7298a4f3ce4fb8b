#!/usr/bin/env bash
# A stand-in for the image apache/kafka, of the version that pom.xml names, where no registry has it:
# jars from Maven Central as kafka.sh has them, and kafka-tools. Needs Maven and a Docker engine; prints
# the image's name.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jars=$("$here/kafka.sh" jars)
version=${jars##*-}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp -r "$here/image/." "$jars" "$context"
mv "$context/${jars##*/}" "$context/jars"
tools=(mvn --batch-mode --quiet --no-transfer-progress
  org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
  "-Dartifact=org.apache.kafka:kafka-tools:$version" "-DoutputDirectory=$context/jars")
"${tools[@]}" --offline >/dev/null 2>&1 || "${tools[@]}" >&2
image=movierec-stand-in:kafka-$version
docker build --quiet --network host --tag "$image" "$context" >&2
echo "$image"
