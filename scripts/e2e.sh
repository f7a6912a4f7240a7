#!/usr/bin/env bash
# make e2e: the clients of every format, and REPLAY_EXCHANGES=10000 mixed exchanges against the provider's bill. Installs
# e2e/requirements-sdks.txt into .venv, beside what the tests need.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh
requirements e2e/requirements-sdks.txt
need_node_packages e2e/sdks/node
cargo build --workspace --bins --locked
export REPLAY_EXCHANGES=${REPLAY_EXCHANGES:-10000}
timed 'clients and replay' 1200 "$VENV/bin/python" -m pytest e2e/sdks e2e/test_replay.py -q --color=no -s
