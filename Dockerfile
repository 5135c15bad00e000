# One image for every command: `serve` unless another is given.
# Python is called python3 and lives in a virtual environment, so that any base with the series will do.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /opt/signpost
RUN python3 -m venv --without-pip /opt/venv
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python3 -m pip --python /opt/venv/bin/python install -q --require-hashes \
        -r requirements/runtime.txt -r requirements/build.txt
COPY pyproject.toml README.md ./
COPY app app
COPY migrations migrations
# In place, because the migrations are found beside the package; compiled, because nothing can be written later.
RUN python3 -m pip --python /opt/venv/bin/python install -q --no-deps --no-build-isolation -e . \
    && python3 -m pip --python /opt/venv/bin/python uninstall -q -y flit_core \
    && /opt/venv/bin/python -m compileall -q app migrations

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Signpost" \
      org.opencontainers.image.description="Mail account auto-configuration for hosting companies"
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/signpost /opt/signpost
# A volume takes over the owner of the folder that it is first mounted on.
RUN install -d -o 10001 -g 10001 -m 0750 /data
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SIGNPOST_DATABASE_URL=sqlite+aiosqlite:////data/signpost.db
# A number, so that an orchestrator can see that it is not root; it needs no name.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# http.client, because urllib would ask the proxy that the environment may name.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python3", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/health/serving'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["signpost"]
CMD ["serve", "--host", "0.0.0.0"]
