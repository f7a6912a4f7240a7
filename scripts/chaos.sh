#!/usr/bin/env bash
# make chaos: faults under load, and whether anything was lost; see docs/reference/reliability.md.
# Usage: scripts/chaos.sh [--profile lite|production] [--markdown FILE] [CASE]...
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || debian faketime
cargo build --locked --release -p llmtrace-server -p llmtrace-testkit --bins
started=$(scripts/engines.sh start)
eval "$started"
trap 'scripts/engines.sh stop' EXIT
export LLMTRACE_BIN_DIR=${LLMTRACE_BIN_DIR:-$ROOT/target/release}
(cd e2e && "$VENV/bin/python" -m chaos "$@")
