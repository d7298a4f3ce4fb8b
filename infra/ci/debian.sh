#!/usr/bin/env bash
# Install from Debian what the slow tests need beyond Python: Java for Spark, Java, Maven and OpenSSL
# for the real Kafka broker, strace and faketime for the faults, nginx with njs for the router, Prometheus,
# Alertmanager and node-exporter to watch the loop by our rules, Chromium for the page, a registry of
# images and its passwords, shellcheck and npm (for npm-groovy-lint) for what Jenkins runs. Installs
# only what is missing, and none of it as a service: tests start what they need, at ports of their own.
set -euo pipefail

missing=()
command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v openssl >/dev/null || missing+=(openssl)
command -v strace >/dev/null || missing+=(strace)
command -v faketime >/dev/null || missing+=(faketime)
command -v promtool >/dev/null || missing+=(prometheus)
[ -e /usr/lib/nginx/modules/ngx_http_js_module.so ] || missing+=(nginx libnginx-mod-http-js)
command -v amtool >/dev/null || missing+=(prometheus-alertmanager)
command -v prometheus-node-exporter >/dev/null || missing+=(prometheus-node-exporter)
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v docker-registry >/dev/null || missing+=(docker-registry)
command -v htpasswd >/dev/null || missing+=(apache2-utils)
command -v shellcheck >/dev/null || missing+=(shellcheck)
command -v npm >/dev/null || missing+=(nodejs npm)
[ "${#missing[@]}" -eq 0 ] && exit 0

echo "installing ${missing[*]} from Debian"
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends \
  "${missing[@]}" >/dev/null
# Debian starts what it installs; a service that was there before stays as it was.
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    case $package in
      prometheus* | nginx | docker-registry) "${sudo[@]}" systemctl disable --quiet --now "$package" ;;
    esac
  done
fi
