#!/usr/bin/env bash
# Groovy for the tests of the Jenkinsfile, from Maven Central: once, into .cache/groovy, each jar by its
# hash. Prints the classpath.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=4.0.27
jars=$PWD/.cache/groovy/$version
copy=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
if [ ! -d "$jars" ]; then
  mkdir -p .cache/groovy
  fresh=$(mktemp -d .cache/groovy/fetching.XXXXXX)
  trap 'rm -rf "$fresh"' EXIT
  for jar in groovy groovy-json; do
    mvn --batch-mode --quiet --no-transfer-progress "$copy" \
      "-Dartifact=org.apache.groovy:$jar:$version" "-DoutputDirectory=$fresh" >&2
  done
  sha256sum --check --quiet --strict <<HASHES
c9103813240be47a6c48bcdda7c5ed2e5fc9ecba3251c6ab8122258230a97f9d  $fresh/groovy-$version.jar
a614690bb526370d4b80ced80e9ecfc9afd59acffed8f72d62f36478978dbd14  $fresh/groovy-json-$version.jar
HASHES
  mv -T "$fresh" "$jars" 2>/dev/null || true  # another was quicker, with the same
fi
echo "$jars/*"
