#!/usr/bin/env bash
# make crash: kill -9 at KILLS (20) random moments under load; prints a table of what was sent, stored and lost.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh
cargo build --locked --release -p llmtrace-server -p llmtrace-testkit --bins
LLMTRACE_BIN_DIR=$ROOT/target/release LLMTRACE_KILLS=${KILLS:-20} "$VENV/bin/python" -m pytest e2e/test_kill.py -q
