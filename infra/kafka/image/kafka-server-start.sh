#!/usr/bin/env bash
# The broker: kafka-server-start.sh FILE
set -euo pipefail

export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} GC_LOG=kafkaServer-gc.log LOG_LEVEL=info
exec "$(dirname "$0")/kafka-run-class.sh" kafka.Kafka "$@"
