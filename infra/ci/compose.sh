#!/usr/bin/env bash
# Docker Compose for the tests: Docker's own plugin where it has one, else Debian 13's, a program that
# needs nothing beside it, fetched once into .cache/compose by a list of packages of its own. (Debian 12's
# is of 2021 and refuses `name`; by Go it is five minutes of processor.) Prints the command.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$PWD/.cache/compose
program=$folder/usr/libexec/docker/cli-plugins/docker-compose
if docker compose version >/dev/null 2>&1; then
  echo docker compose
  exit
fi
if [ ! -x "$program" ]; then
  temporary=$(mktemp -d)
  trap 'rm -rf "$temporary"' EXIT
  mkdir -p "$temporary"/{sources,lists/partial,cache/archives/partial}
  mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
    "${mirror:-http://deb.debian.org/debian}" /usr/share/keyrings/debian-archive-keyring.gpg \
    >"$temporary/sources/trixie.sources"
  options=(-qq -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$temporary/sources"
    -o "Dir::State::Lists=$temporary/lists" -o "Dir::Cache=$temporary/cache"
    -o APT::Sandbox::User="$(id -un)" -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  apt-get "${options[@]}" update >&2
  (cd "$temporary" && apt-get "${options[@]}" download docker-compose >&2)
  dpkg-deb --extract "$temporary"/docker-compose_*.deb "$temporary/taken"
  mkdir -p "$(dirname "$program")"
  mv "$temporary/taken/${program#"$folder"/}" "$program"
fi
echo "$program"
