#!/usr/bin/env bash
# npm-groovy-lint on the Jenkinsfile, by .groovylintrc.json: from npm, once, into .cache/groovylint.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Node knows the authorities that came with it alone, and not those of the machine, such as of the
# proxy that a company puts before the world.
authorities=/etc/ssl/certs/ca-certificates.crt
[ ! -e "$authorities" ] || export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$authorities}
version=14.6.0
program=.cache/groovylint/$version/node_modules/.bin/npm-groovy-lint
[ -x "$program" ] || npm install --silent --no-fund --no-audit --prefix ".cache/groovylint/$version" \
  "npm-groovy-lint@$version" >&2
exec "$program" --noserver --failon warning "${1:-Jenkinsfile}"
