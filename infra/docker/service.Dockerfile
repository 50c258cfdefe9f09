# Every service's image: one recipe, `SERVICE` says which. Nothing but its locked dependencies and itself.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir "uv==${UV_VERSION}"
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/srv/agentbus
WORKDIR /build
COPY pyproject.toml uv.lock ./
COPY contracts contracts
COPY libs libs
COPY services services
ARG SERVICE
RUN --mount=type=cache,target=/root/.cache/uv \
    /opt/uv/bin/uv sync --frozen --no-dev --no-editable --package "agentbus-${SERVICE}"

FROM ${PYTHON_IMAGE}
ARG SERVICE
LABEL org.opencontainers.image.title="agentbus-${SERVICE}"
RUN groupadd --gid 10001 agentbus \
    && useradd --uid 10001 --gid agentbus --no-create-home --home-dir /tmp --shell /usr/sbin/nologin agentbus \
    && install -d -o agentbus -g agentbus /var/lib/agentbus
COPY --from=build /srv/agentbus /srv/agentbus
ENV PATH=/srv/agentbus/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AGENTBUS_SERVICE=${SERVICE} \
    AGENTBUS_HOST=0.0.0.0 \
    AGENTBUS_PORT=8080 \
    AGENTBUS_SOCKET_PORT=8081 \
    AGENTBUS_DATA_DIR=/var/lib/agentbus
WORKDIR /tmp
USER agentbus
EXPOSE 8080 8081
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
CMD ["sh", "-c", "exec python -m agentbus.${AGENTBUS_SERVICE}"]
