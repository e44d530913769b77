# syntax=docker/dockerfile:1
# The worker with its embedded broker, PostgreSQL's driver and tracing; runs as nobody in particular.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/worker
COPY pyproject.toml README.md ./
COPY schemas ./schemas
COPY worker ./worker
RUN /opt/worker/bin/pip install --no-cache-dir --disable-pip-version-check ".[embedded,postgresql,tracing]"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin worker \
    && install -d -o worker -g worker -m 0700 /data
COPY --from=build /opt/worker /opt/worker
ENV PATH=/opt/worker/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8321
# Ready means: broker and journal answer. A vendor that is down is no reason to restart.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["relation-worker"]
CMD ["run"]
