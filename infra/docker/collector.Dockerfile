# Kafka → closed days. The store is a volume at /data. From the repository's root:
#
#   docker build -f infra/docker/collector.Dockerfile .
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.txt pyproject.toml ./
RUN mkdir stages && python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --quiet -c requirements.txt '.[collector]' \
    && find /venv -type d -name tests -prune -exec rm -rf {} +

FROM python:3.11-slim
COPY --from=packages /venv /venv
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH
WORKDIR /app
COPY stages/movierec stages/movierec
COPY serve/*.py serve/
COPY serve/collector serve/collector
# Compiles the parser into __pycache__: read from there at each start, by whoever runs it.
RUN python -c "import pyarrow as pa; from movierec.lines.watchlines import read_watches; import serve.collector.__main__; \
    read_watches(pa.array([b'-'], pa.large_binary()))" && install -d -o 10001 -g 10001 /data
USER 10001:10001

ENV COLLECTOR_STORE=/data COLLECTOR_METRICS_PORT=9400
VOLUME /data
EXPOSE 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9400/healthz')"]
CMD ["python", "-m", "serve.collector"]
