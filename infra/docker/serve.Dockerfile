# One model, baked in: an image answers the same for ever. It carries what answers and nothing of
# the workshop: no DVC, compilers, training, tests or pip. A release is built from its git tag, in a
# folder made of it: `python -m infra.release.image svd@v1.4.0`; see infra/docker/build.sh for the
# work tree's.
#
# The same content is the same layer, wherever and whenever it was built: files have one time
# (EPOCH of infra/release/context.py), and bytecode tells no time.
FROM python:3.11-slim AS packages
ENV SOURCE_DATE_EPOCH=315532800
WORKDIR /build
COPY infra/docker/serve.txt ./
# The packages alone: the code comes later, so that its changes install nothing anew.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-compile --quiet --require-hashes -r serve.txt \
    && find /venv -type d -name tests -prune -exec rm -rf {} + \
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /venv/lib \
    && mkdir /packages && mv /venv /packages && ln -s /packages/venv /venv \
    && find /packages -exec touch --no-dereference --date=@$SOURCE_DATE_EPOCH {} +

FROM packages AS answering
ENV PYTHONPATH=/answering/app:/answering/app/stages PATH=/venv/bin:$PATH SERVICE_MODEL_DIR=/answering/app/model
WORKDIR /answering/app
COPY stages/movierec stages/movierec
COPY serve/*.py serve/
COPY serve/http serve/http
COPY serve/service serve/service
ARG MODEL
COPY models/${MODEL} model
RUN python -m compileall -q --invalidation-mode unchecked-hash serve stages \
    && chmod -R u=rwX,go=rX . && find /answering -exec touch --date=@$SOURCE_DATE_EPOCH {} +
# The build fails when the model does not verify or does not answer.
COPY infra/docker/answers.py /build/
USER 10001:10001
RUN python /build/answers.py

FROM python:3.11-slim
# What the base installs packages with; the service's are in /venv.
RUN rm -rf /usr/local/bin/pip* /usr/bin/pip* /usr/local/lib/python3*/ensurepip /usr/lib/python3*/ensurepip \
        /usr/local/lib/python3*/site-packages/* /usr/lib/python3/dist-packages/* \
    && touch --no-create --date=@315532800 /usr/local/bin /usr/bin /usr/local/lib/python3* /usr/lib/python3* \
        $(ls -d /usr/local/lib/python3*/site-packages /usr/lib/python3/dist-packages 2>/dev/null)
# What a folder holds and not the folder: what Docker makes by itself has the time at which it does.
COPY --from=packages /packages /
COPY --from=answering /answering /
WORKDIR /app
USER 10001:10001

ARG MODEL
ARG MODEL_VERSION
ARG GIT_COMMIT
ARG DATA_HASH
ARG DATA_DAY
ARG CREATED
LABEL org.opencontainers.image.title="movierec ${MODEL}" \
      org.opencontainers.image.version="${MODEL_VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      movierec.data-hash="${DATA_HASH}"
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app:/app/stages PATH=/venv/bin:$PATH \
    SERVICE_MODEL_DIR=/app/model SERVICE_PORT=8080 \
    SERVICE_MODEL_VERSION=${MODEL_VERSION} SERVICE_GIT_COMMIT=${GIT_COMMIT} \
    SERVICE_DATA_DAY=${DATA_DAY}
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz')"]
CMD ["python", "-m", "serve.service"]
