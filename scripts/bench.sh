#!/usr/bin/env bash
# make bench: builds for release and prints one table: direct, nginx, a bare hyper pass-through, and the proxy.
# Installs nginx (Debian package) where it is absent. BENCH_ARGS are passed on, such as BENCH_ARGS=--quick.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
need_build
# Debian's nginx starts a service on port 80 when installed; the bench starts one of its own and needs none.
if ! has nginx && [ ! -x /usr/sbin/nginx ]; then debian nginx-light; fi
export PATH="$PATH:/usr/sbin"
cargo build --locked --release -p llmtrace-server -p llmtrace-bench --bins
# shellcheck disable=SC2086 — several arguments are meant to be several.
target/release/llmtrace-bench run ${BENCH_ARGS:-}
