#!/usr/bin/env bash
# Real Apache Kafka (KRaft, one node) for development and tests: its jars come from Maven
# Central by pom.xml, once, into .cache/kafka.
#
#   kafka.sh start|run|stop|status|check|jars [--dir DIR] [--port PORT]
#
# start   in the background; waits until it answers; prints the bootstrap address last
# run     in the foreground, until it is stopped
# stop    ends it and waits; what it holds stays in DIR
# status  prints the address when it answers, else status 1
# check   sends one message through it and reads it back
# jars    fetches them where they are not there yet; prints their folder
#
# DIR (.cache/kafka/default) holds everything of one broker; several may run at once, each with
# its own. Without a port, or with 0, the broker takes a free one and keeps it from then on. What
# DIR/more.properties says, if it is there, goes before our configuration (TLS, passwords).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/.cache/kafka
dir=$cache/default
port=0
start_seconds=60
stop_seconds=30

fail() { echo "error: $*" >&2; exit 1; }

need() { command -v "$1" >/dev/null || fail "$1 is not installed: infra/ci/debian.sh brings it"; }

fetch_jars() {
  local version
  version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$here/pom.xml")
  jars=$cache/jars-$version
  [ -d "$jars" ] && return
  need mvn
  echo "fetching Apache Kafka $version" >&2
  mkdir -p "$cache"
  temporary=$(mktemp -d "$cache/fetching.XXXXXX")
  trap 'rm -rf "$temporary"' EXIT  # also when interrupted
  local copy=(mvn --batch-mode --quiet --no-transfer-progress --file "$here/pom.xml"
    dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$temporary")
  # What the local repository already holds needs no network.
  if ! "${copy[@]}" --offline >/dev/null 2>&1 && ! "${copy[@]}" >"$temporary/log" 2>&1; then
    grep -m1 ERROR "$temporary/log" >&2 || true
    fail "Maven could not fetch Kafka $version: is Maven Central reachable?"
  fi
  rm -f "$temporary/log"
  # Another start may have been quicker; both hold the same. `run` becomes java: no trap then.
  mv -T "$temporary" "$jars" 2>/dev/null || rm -rf "$temporary"
}

process_id() {
  local id
  id=$(cat "$dir/pid" 2>/dev/null) || return 1
  grep -qsF "$dir/server.properties" "/proc/$id/cmdline" && echo "$id"
}

address() { echo "127.0.0.1:$(cat "$dir/port")"; }

connects() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

answers() {
  process_id >/dev/null && grep -qs "Kafka Server started" "$dir/server.log" && connects "$(cat "$dir/port")"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

choose_ports() {
  if [ "$port" = 0 ] && [ -f "$dir/port" ]; then port=$(cat "$dir/port"); fi
  if [ "$port" = 0 ]; then port=$(free_port); fi
  connects "$port" && fail "port $port is in use: name another with --port, or none"
  echo "$port" >"$dir/port"
  [ -f "$dir/controller_port" ] || free_port >"$dir/controller_port"
}

configure() {
  local controller
  controller=127.0.0.1:$(cat "$dir/controller_port")
  {
    cat "$here/server.properties"
    echo "listeners=PLAINTEXT://$(address),CONTROLLER://$controller"
    echo "advertised.listeners=PLAINTEXT://$(address)"
    echo "controller.quorum.voters=1@$controller"
    echo "log.dirs=$dir/data"
    cat "$dir/more.properties" 2>/dev/null || true
  } >"$dir/server.properties"
}

java_kafka() {
  # shellcheck disable=SC2086  # the launcher is optional, KAFKA_JVM may hold several options
  exec ${launcher:-} java -Xmx512m -XX:+ExitOnOutOfMemoryError ${KAFKA_JVM:-} -cp "$jars/*" \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
    -Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd\'T\'HH:mm:ss.SSS \
    -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
    -Dorg.slf4j.simpleLogger.logFile="$dir/$1" "${@:2}"
}

prepare() {
  need java
  need python3
  process_id >/dev/null && fail "a broker already runs in $dir: kafka.sh stop --dir $dir"
  fetch_jars
  mkdir -p "$dir"
  choose_ports
  configure
  [ -f "$dir/data/meta.properties" ] ||
    (java_kafka format.log kafka.tools.StorageTool format --cluster-id movierec-development-0 \
      --config "$dir/server.properties") >"$dir/format.out" 2>&1 ||
    fail "the storage in $dir could not be formatted: $(tail -1 "$dir/format.out")"
  rm -f "$dir/server.log"
}

serve() {
  echo "$BASHPID" >"$dir/pid"
  java_kafka server.log kafka.Kafka "$dir/server.properties"
}

run() {
  prepare
  serve
}

start() {
  if process_id >/dev/null; then
    echo "already running in $dir" >&2
  else
    prepare
    launcher=setsid serve </dev/null >"$dir/out.log" 2>&1 &
  fi
  for _ in $(seq $((start_seconds * 10))); do
    answers && { address; return; }
    sleep 0.1
    [ -z "$(jobs -pr)" ] && ! process_id >/dev/null && break
  done
  stop
  fail "the broker in $dir did not start: $(cat "$dir/out.log" "$dir/server.log" 2>/dev/null | tail -1)"
}

stop() {
  local id
  id=$(process_id) || return 0
  kill "$id" 2>/dev/null || true
  for _ in $(seq $((stop_seconds * 10))); do
    process_id >/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$id"
}

status() {
  answers || fail "no broker answers in $dir: kafka.sh start --dir $dir"
  address
}

jars() {
  fetch_jars
  echo "$jars"
}

check() {
  local python=$root/.venv/bin/python
  [ -x "$python" ] || python=python3
  status >/dev/null
  PYTHONPATH=$root:$root/stages "$python" -m infra.kafka.check "$(address)"
}

verb=${1:-}
case $verb in
  start | run | stop | status | check | jars) shift ;;
  *) fail "usage: kafka.sh start|run|stop|status|check|jars [--dir DIR] [--port PORT]" ;;
esac
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || fail "$1 needs a value"
  case $1 in
    --dir) dir=$(realpath -m "$2") ;;
    --port) port=$2 ;;
    *) fail "unknown option $1: --dir and --port are known" ;;
  esac
  shift 2
done
[[ $port =~ ^[0-9]{1,5}$ ]] && [ "$port" -le 65535 ] || fail "port $port is not a number from 0 to 65535"
"$verb"
