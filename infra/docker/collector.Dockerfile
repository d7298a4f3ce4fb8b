# Kafka → closed days. The store is a volume at /data. From the repository's root:
#
#   docker build -f infra/docker/collector.Dockerfile .
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && pip install --no-cache-dir --quiet -r requirements.txt
COPY stages/movierec stages/movierec
COPY serve serve
# Of all folders only these are the program's to write: lines, and compiled code.
RUN useradd --system --uid 10001 movierec \
    && install -d -o movierec /data serve/__pycache__ stages/movierec/__pycache__
USER movierec
RUN python -c "import serve.collector"

ENV COLLECTOR_STORE=/data COLLECTOR_METRICS_PORT=9400
VOLUME /data
EXPOSE 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9400/healthz')"]
CMD ["python", "-m", "serve.collector"]
