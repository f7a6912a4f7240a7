#!/bin/sh
# Builds for release and prints the bench table; `make bench BENCH_ARGS=…` runs this. Arguments go to `llmtrace-bench run`:
#   scripts/bench.sh --markdown docs/reference/performance.md --json target/bench/figures.json
#   scripts/bench.sh --quick                    a smoke run of seconds
#   scripts/bench.sh --only nginx --only lite   two contestants
set -eu
cd "$(dirname "$0")/.."
scripts/setup-bench.sh
cargo build --locked --release -p llmtrace-server -p llmtrace-bench
# The servers of the production profile, where scripts/setup-test.sh has installed them; else that column is left out.
if [ -x .venv-clickhouse/bin/python ] && [ -x .venv-clickhouse-25/bin/python ]; then
    started=$(scripts/engines.sh start)
    eval "$started"
    trap 'scripts/engines.sh stop' EXIT
fi
target/release/llmtrace-bench run "$@"
