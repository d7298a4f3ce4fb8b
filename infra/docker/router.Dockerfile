# nginx with njs: which arm of the experiment answers a user. From the repository's root:
#
#   docker build -f infra/docker/router.Dockerfile .
#
# It writes below /tmp alone. Salt and weights must be mounted as /etc/movierec/routing.json, by
# their folder: a file that is mounted itself stays what it was.
FROM python:3.11-slim
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        nginx libnginx-mod-http-js >/dev/null \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/www
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages ROUTER_PORT=8080
WORKDIR /app
# Python writes the configuration and becomes nginx: its standard library is enough.
COPY stages/movierec/*.py stages/movierec/
COPY serve/settings.py serve/kafka.py serve/peers.py serve/variables.py serve/links.py serve/
COPY infra/router infra/router
RUN python -m compileall -q infra serve stages
USER 10001:10001

LABEL org.opencontainers.image.title="movierec router" \
      org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 8080 8081
# What is being answered is answered to its end.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"ROUTER_PORT\"]}/healthz')"]
CMD ["python", "-m", "infra.router.start"]
