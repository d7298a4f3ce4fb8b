# One model, baked in: an image answers the same for ever. From the repository's root:
#
#   docker build -f infra/docker/serve.Dockerfile --build-arg MODEL=svd \
#       --build-arg MODEL_VERSION=svd@v1.4.0 --build-arg GIT_COMMIT=$(git rev-parse HEAD) .
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && pip install --no-cache-dir --quiet -r requirements.txt
COPY stages/movierec stages/movierec
COPY serve serve
# Of all folders only these are the program's to write: compiled code is kept there.
RUN useradd --system --uid 10001 movierec \
    && install -d -o movierec serve/__pycache__ stages/movierec/__pycache__
USER movierec

ARG MODEL
COPY models/${MODEL} model
# The build fails when the model does not verify. What is compiled here is not at each start.
RUN python -c "from pathlib import Path; from movierec.models.modelfile import load_model; import serve.service.app; \
    load_model(Path('model')).model.scores(0)"

ARG MODEL_VERSION=unreleased
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="movierec ${MODEL}" \
      org.opencontainers.image.version="${MODEL_VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
ENV SERVICE_MODEL_DIR=/app/model SERVICE_PORT=8080 \
    SERVICE_MODEL_VERSION=${MODEL_VERSION} SERVICE_GIT_COMMIT=${GIT_COMMIT}
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz')"]
CMD ["python", "-m", "gunicorn", "-c", "serve/gunicorn.conf.py", "serve.service.app:from_environment()"]
