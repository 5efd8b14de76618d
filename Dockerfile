# syntax=docker/dockerfile:1
# The image of GPT-Load. It starts as root only to give ./data to the user that RUN_AS names, and goes on as that user.

FROM node:24-bookworm-slim AS console
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS program
WORKDIR /src
COPY . .
COPY --from=console /src/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release -p gateway && \
    cp target/release/gpt-load /gpt-load

FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates tzdata wget && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=program /gpt-load /app/gpt-load
ENV RUN_AS=10001:10001
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=40s --retries=3 CMD ["/app/gpt-load", "health"]
ENTRYPOINT ["/app/gpt-load"]
