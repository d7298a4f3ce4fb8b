#!/usr/bin/env bash
# Run a command on real Kafka: on the broker that KAFKA_BOOTSTRAP_SERVERS names, or, when it
# names none, on one that is started for the command and stopped after it.
set -euo pipefail

kafka="$(cd "$(dirname "$0")" && pwd)/kafka.sh"
if [ -z "${KAFKA_BOOTSTRAP_SERVERS:-}" ]; then
  dir=$(mktemp -d)
  trap '"$kafka" stop --dir "$dir" >/dev/null; rm -rf "$dir"' EXIT
  KAFKA_BOOTSTRAP_SERVERS=$("$kafka" start --dir "$dir" | tail -n 1)
  export KAFKA_BOOTSTRAP_SERVERS
fi
"$@"
