# The image of llmtrace-proxy: `docker build -t llmtrace-proxy:0.1.0 .` (Docker 24 or newer, or buildah). Three stages: the
# dashboard, the program that embeds it, and what runs. See docs/guide/containers.md.

# The version is that of rust-toolchain.toml, which is not copied: rustup would fetch the tools that only checks need.
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
# The C library and certificates, and nothing else: no shell, no package manager. Its glibc is that of the Rust image.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM ${RUST_IMAGE} AS rust
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY bench bench
COPY crates crates
COPY scripts/sbom.py scripts/
COPY web/package-lock.json web/
COPY --from=web /src/web/dist web/dist
# Crates that were fetched and built stay in the caches, so that a build after a change builds what changed.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release -p llmtrace-server --bin llmtrace-proxy \
    && mkdir -p /out/usr/local/bin /out/usr/share/doc/llmtrace-proxy /out/var/lib/llmtrace \
    && cp target/release/llmtrace-proxy /out/usr/local/bin/ \
    && python3 scripts/sbom.py --crate llmtrace-server >/out/usr/share/doc/llmtrace-proxy/sbom.cdx.json

FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="llmtrace-proxy" \
      org.opencontainers.image.description="Transparent proxy in front of LLM providers that records every exchange" \
      org.opencontainers.image.source="https://github.com/llmtrace/llmtrace" \
      org.opencontainers.image.documentation="https://github.com/llmtrace/llmtrace/blob/main/docs/guide/containers.md" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/llmtrace-proxy/
COPY deployments/image/llmtrace.yaml /etc/llmtrace/
COPY --from=rust /out/usr /usr/
# A volume begins with the owner of the folder it covers.
COPY --from=rust --chown=10001:10001 /out/var/lib/llmtrace /var/lib/llmtrace
# A file and not variables for what a container needs: a file that is mounted over it must be able to say something else.
ENV LLMTRACE_CONFIG=/etc/llmtrace/llmtrace.yaml
USER 10001:10001
WORKDIR /var/lib/llmtrace
VOLUME ["/var/lib/llmtrace"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/local/bin/llmtrace-proxy", "health"]
ENTRYPOINT ["/usr/local/bin/llmtrace-proxy"]
