# One model, baked in: an image answers the same for ever. It carries what answers and nothing of
# the workshop: no DVC, compilers, training or tests. From the repository's root:
#
#   docker build -f infra/docker/serve.Dockerfile --build-arg MODEL=svd \
#       --build-arg MODEL_VERSION=svd@v1.4.0 --build-arg GIT_COMMIT=$(git rev-parse HEAD) .
FROM python:3.11-slim AS packages
WORKDIR /build
COPY infra/docker/serve.txt ./
# The packages alone: the code comes later, so that its changes install nothing anew.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --quiet --require-hashes -r serve.txt \
    && find /venv -type d -name tests -prune -exec rm -rf {} +

FROM python:3.11-slim
COPY --from=packages /venv /venv
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH
WORKDIR /app
COPY stages/movierec stages/movierec
COPY serve/*.py serve/
COPY serve/service serve/service

ARG MODEL
COPY models/${MODEL} model
# The build fails when the model does not verify or does not answer.
RUN python -c "from pathlib import Path; from movierec.models.modelfile import load_model; import serve.service.app; \
    load_model(Path('model')).model.scores(0)" && python -m compileall -q serve stages
USER 10001:10001

ARG MODEL_VERSION=unreleased
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="movierec ${MODEL}" \
      org.opencontainers.image.version="${MODEL_VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV SERVICE_MODEL_DIR=/app/model SERVICE_PORT=8080 \
    SERVICE_MODEL_VERSION=${MODEL_VERSION} SERVICE_GIT_COMMIT=${GIT_COMMIT}
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz')"]
CMD ["python", "-m", "serve.service"]
