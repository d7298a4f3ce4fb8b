#!/usr/bin/env bash
# Give PySpark its client of s3a://: the jars of pom.xml, from Maven Central, each by its hash; once, into
# .cache/spark, and from there into FOLDER.
#
#   infra/spark/jars.sh FOLDER     # .venv/lib/python3.11/site-packages/pyspark/jars
set -euo pipefail
folder=$(realpath -e "$1")
cd "$(dirname "$0")/../.."

hashes=infra/spark/jars.sha256
cache=.cache/spark/$(sha256sum <"$hashes" | cut -c1-12)
if [ ! -d "$cache" ]; then
  mkdir -p .cache/spark
  fresh=$(mktemp -d .cache/spark/fetching.XXXXXX)
  trap 'rm -rf "$fresh"' EXIT
  groups=org.apache.hadoop,org.reactivestreams,software.amazon.awssdk,software.amazon.eventstream
  mvn --batch-mode --quiet --no-transfer-progress --file infra/spark/pom.xml \
    dependency:copy-dependencies "-DoutputDirectory=$PWD/$fresh" \
    "-DincludeGroupIds=$groups,software.amazon.s3.analyticsaccelerator" \
    -DexcludeArtifactIds=netty-nio-client >&2  # of clients that wait for no answer: none is made
  (cd "$fresh" && sha256sum --check --quiet --strict) <"$hashes"
  extra=$(cd "$fresh" && comm -13 <(cut -c67- "$OLDPWD/$hashes" | sort) <(printf '%s\n' * | sort))
  [ -z "$extra" ] || { echo "error: $hashes has no hash of $extra" >&2; exit 2; }
  mv -T "$fresh" "$cache" 2>/dev/null || true  # another was quicker, with the same
fi
hadoop=$(ls "$folder"/hadoop-client-api-*.jar)
hadoop=${hadoop##*-}
if [ ! -e "$cache/hadoop-aws-$hadoop" ]; then
  echo "error: $folder is of Hadoop ${hadoop%.jar}: set it, and the AWS SDK that it was built with, in infra/spark/pom.xml" >&2
  exit 2
fi
# What was put there before may be of another version.
[ ! -e "$folder/.s3a" ] || (cd "$folder" && xargs rm -f <.s3a)
cut -c67- "$hashes" >"$folder/.s3a"
cp "$cache"/*.jar "$folder"
