#!/bin/sh
# Builds for release and prints the bench table; `make bench BENCH_ARGS=…` runs this. Arguments go to `llmtrace-bench run`:
#   scripts/bench.sh --markdown docs/reference/performance.md --json target/bench/figures.json
#   scripts/bench.sh --quick                    a smoke run of seconds
#   scripts/bench.sh --only nginx --only lite   two contestants
set -eu
cd "$(dirname "$0")/.."
scripts/setup-bench.sh
cargo build --locked --release -p llmtrace-server -p llmtrace-bench
exec target/release/llmtrace-bench run "$@"
