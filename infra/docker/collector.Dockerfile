# Kafka → closed days. The store is a volume at /data. From the repository's root:
#
#   docker build -f infra/docker/collector.Dockerfile .
FROM python:3.11-slim AS packages
WORKDIR /build
COPY infra/docker/collector.txt ./
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --quiet --require-hashes -r collector.txt \
    && find /venv -type d -name tests -prune -exec rm -rf {} +

FROM python:3.11-slim
COPY --from=packages /venv /venv
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH
WORKDIR /app
COPY stages/movierec stages/movierec
COPY serve/*.py serve/
COPY serve/http serve/http
COPY serve/collector serve/collector
# The parser's machine code is made here and read at each start. On a read-only file system this
# folder must be mounted writable, and is then filled at the start, in some seconds.
ENV NUMBA_CACHE_DIR=/var/cache/movierec
RUN install -d -o 10001 -g 10001 /data /var/cache/movierec && python -m compileall -q serve stages
USER 10001:10001
RUN python -c "import serve.collector.__main__; from serve.collector.writer import NO_LINES; \
    from serve.collector.fetch.recordbatch import compile_walks; from movierec.lines.parsing import parse_batch; \
    parse_batch(NO_LINES, 0); compile_walks()"

ENV COLLECTOR_STORE=/data COLLECTOR_METRICS_PORT=9400
VOLUME /data
EXPOSE 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9400/healthz')"]
CMD ["python", "-m", "serve.collector"]
