# Two images: `reading`, without TensorFlow, for every part but the trainer, and `training`.
# docker-compose.yml says which part a container plays.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/digits
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements requirements
RUN /opt/digits/bin/pip install -r requirements/reading.txt 'psycopg[binary]>=3.2,<4'
COPY pyproject.toml README.md LICENSE settings.py broker.py ./
COPY cli cli
COPY db db
COPY recognizer recognizer
COPY trainer trainer
COPY watcher watcher
COPY worker worker
RUN /opt/digits/bin/pip install --no-deps .

FROM build AS build-training
RUN /opt/digits/bin/pip install -r requirements/training.txt

FROM python:3.11-slim AS base
LABEL org.opencontainers.image.title="Digit Inbox" \
      org.opencontainers.image.description="Drop images of handwritten digits into a folder, get rows you can query." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin digits \
    && install -d -o digits -g digits /app /app/digits /app/model /app/var /app/.keras
COPY --chown=digits:digits model /app/model
ENV PATH=/opt/digits/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KERAS_HOME=/app/.keras
WORKDIR /app
USER digits
# Celery and the watcher finish what they have in hand on SIGTERM.
STOPSIGNAL SIGTERM
ENTRYPOINT ["digits"]
CMD ["--help"]

FROM base AS training
COPY --from=build-training /opt/digits /opt/digits

FROM base AS reading
COPY --from=build /opt/digits /opt/digits
ENV DIGITS_RUNTIME=litert
