#!/usr/bin/env bash
# An S3 server for the tests, from the Go module proxy: versitygw, which keeps objects as files. Built
# once, into .cache/go; needs Go 1.21 or later. Prints the program's path.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v1.8.0
program=$PWD/.cache/go/versitygw-$version
if [ ! -x "$program" ]; then
  export GOPATH=$PWD/.cache/go/path GOBIN=$PWD/.cache/go/bin GOFLAGS=-modcacherw
  go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
  mv "$GOBIN/versitygw" "$program"
fi
echo "$program"
