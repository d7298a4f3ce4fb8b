#!/usr/bin/env bash
# Any class of Kafka's jars: kafka-run-class.sh CLASS ARGUMENT…
set -euo pipefail

mkdir -p "${LOG_DIR:=/opt/kafka/logs}"
# shellcheck disable=SC2086  # options are several words
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} -server -XX:+UseG1GC ${GC_LOG:+-Xlog:gc*:file=$LOG_DIR/$GC_LOG} \
  ${KAFKA_OPTS:-} -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG_LEVEL:-warn}" -cp "/opt/kafka/libs/*" "$@"
