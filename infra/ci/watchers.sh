#!/usr/bin/env bash
# Images of those who watch, where no registry has them: Prometheus, Alertmanager and node-exporter of the
# versions that infra/compose.yaml and infra/kubernetes/watch name, from the Go module proxy, with the user
# and the program's path of their own images. Prometheus finds its targets by Kubernetes, or is told them,
# and in no other way, which is all that is asked of it here (Debian's leaves Kubernetes out). Built once, into
# .cache/go; needs Go and a Docker engine. Prints the images' names.
set -euo pipefail
cd "$(dirname "$0")/../.."

built=$PWD/.cache/go/watchers
if ! command -v go > /dev/null; then
  echo "error: Go is not on PATH: the watchers are built by it (https://go.dev/dl)" >&2
  exit 2
fi

# MODULE VERSION PACKAGE RELEASE PROGRAM [OPTION]: builds it, and the image movierec-watcher:PROGRAM-RELEASE of
# it. A program with an OPTION stores; its own image gives it that, and its file, where nobody says more.
make() {
  local module=$1 version=$2 package=$3 release=$4 program=$5 option=${6:-} image
  local folder=$built/$program-$release
  if [ ! -x "$folder/$program" ]; then
    local source
    source=$(mktemp -d)
    # Its own go.sum says what its dependencies are
    cp -r "$(go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/." "$source"
    chmod -R u+w "$source"
    if [ "$program" = prometheus ]; then
      printf 'package plugins\n\nimport _ "%s/discovery/kubernetes"\n' "$module" > "$source/plugins/plugins.go"
    fi
    mkdir -p "$folder"
    (cd "$source" && CGO_ENABLED=0 go build -trimpath -o "$folder/.made" \
      -ldflags "-s -w -X github.com/prometheus/common/version.Version=$release" "./$package") >&2
    mv "$folder/.made" "$folder/$program"
    rm -rf "$source"
  fi
  image=movierec-watcher:$program-$release
  # the program needs nothing beside it but where it stores; 65534 is `nobody`
  mkdir -p "$folder/empty"
  {
    printf 'FROM scratch\nCOPY %s /bin/\nUSER 65534:65534\nENTRYPOINT ["/bin/%s"]\n' "$program" "$program"
    [ -z "$option" ] ||
      printf 'COPY --chown=65534:65534 empty /%s/\nVOLUME /%s\nCMD ["--config.file=/etc/%s/%s.yml", "%s"]\n' \
        "$program" "$program" "$program" "$program" "$option"
  } | docker build --quiet --tag "$image" --file - "$folder" >&2
  echo "$image"
}

make github.com/prometheus/prometheus v0.307.3 cmd/prometheus 3.7.3 prometheus --storage.tsdb.path=/prometheus
make github.com/prometheus/alertmanager v0.29.0 cmd/alertmanager 0.29.0 alertmanager --storage.path=/alertmanager
make github.com/prometheus/node_exporter v1.10.2 . 1.10.2 node_exporter
