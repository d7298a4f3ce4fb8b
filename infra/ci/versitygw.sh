#!/usr/bin/env bash
# An S3 server for the tests, from the Go module proxy: versitygw, which keeps objects as files. Built
# once, into .cache/go; needs Go 1.21 or later. Prints the program's path.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v1.8.0
program=$PWD/.cache/go/versitygw-$version
if [ ! -x "$program" ]; then
  if ! command -v go > /dev/null; then
    echo "error: Go 1.21 or later is not on PATH: versitygw is built by it (https://go.dev/dl)" >&2
    exit 2
  fi
  export GOPATH=$PWD/.cache/go/path GOBIN=$PWD/.cache/go/bin GOFLAGS=-modcacherw
  go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
  mv "$GOBIN/versitygw" "$program"
fi
echo "$program"
