#!/usr/bin/env bash
# make test: installs what the tests need, and runs them all. Slow campaigns have targets of their own; a smoke case of
# each is in here. The last line sums up both runners.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
status=0

# One of each engine for all tests; each test has a database or a prefix of its own.
started=$(scripts/engines.sh start)
eval "$started"
trap 'rm -rf "$log"; scripts/engines.sh stop' EXIT

# run NAME BUDGET LOG COMMAND…: keeps a copy of what a runner said, and goes on when it failed.
run() {
    local file=$log/$3
    timed "$1" "$2" "${@:4}" 2>&1 | tee "$file" || status=1
}

run 'dashboard' 60 web env NO_COLOR=1 scripts/web.sh test
# Builds the programs, too, which the end-to-end suite starts.
run 'Rust tests' 900 nextest cargo nextest run --color never --workspace --locked --no-fail-fast --status-level fail --final-status-level fail
run 'doc tests' 120 doctest cargo test --workspace --locked --doc
run 'end to end' 420 pytest "$VENV/bin/python" -m pytest e2e -q --color=no
run 'Helm chart, smoke' 60 pytest-helm scripts/helm.sh smoke

# The number before a word in the runners' closing lines, added up.
count() {
    local word=$1 sum=0 n
    for n in $(cat \
        <(grep -hE '^ +Summary ' "$log/nextest" | grep -oE "[0-9]+ $word" || true) \
        <(grep -hE '^ +Tests ' "$log/web" | grep -oE "[0-9]+ $word" || true) \
        <(grep -hE '^test result: ' "$log/doctest" | grep -oE "[0-9]+ $word" || true) \
        <(grep -hE '^[0-9]+ (passed|failed|error|skipped).* in ' "$log/pytest" "$log/pytest-helm" | grep -oE "[0-9]+ $word" || true) |
        awk '{ print $1 }'); do
        sum=$((sum + n))
    done
    echo "$sum"
}
passed=$(count passed)
failed=$(($(count failed) + $(count error) + $(count 'timed out')))
# A runner that broke off without counting is a failure, too.
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
printf '\n%s passed, %s failed\n' "$passed" "$failed"
exit "$status"
