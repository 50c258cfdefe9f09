# The edge's image: Caddy, and the web app it serves, built from its locked packages.
ARG NODE_IMAGE=node:22.20.0-bookworm-slim
ARG CADDY_IMAGE=caddy:2.10.2-alpine

FROM ${NODE_IMAGE} AS build
WORKDIR /build
# The app's types are generated from the contracts, and it shows the runbooks.
COPY contracts/typescript contracts/typescript
COPY infra/runbooks infra/runbooks
COPY services/web services/web
WORKDIR /build/services/web
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund && npm run build

FROM ${CADDY_IMAGE}
LABEL org.opencontainers.image.title="agentbus-edge"
COPY --from=build /build/services/web/dist /srv/web
