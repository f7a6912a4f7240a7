#!/usr/bin/env bash
# make check: everything that is judged without running the product, but for the architecture test.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh check

failed=()
# judge NAME BUDGET COMMAND…: goes on when one fails, so that one run tells all.
judge() { timed "$@" || failed+=("$1"); }

judge 'format' 20 cargo fmt --all --check
judge 'dashboard: types, lint, format' 60 scripts/web.sh check
judge 'clippy' 480 cargo clippy --workspace --all-targets --locked --keep-going -- -D warnings
judge 'documentation' 240 \
    env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --document-private-items --quiet --keep-going
# The crates of every platform, not only those that were built: cargo-deny reads them all.
judge 'dependencies: fetched' 60 cargo fetch --locked --quiet
# Advisories need a database from the network: `cargo deny check advisories` where there is one.
judge 'dependencies: bans, licences, sources' 30 cargo deny --offline check bans licenses sources
judge 'dependencies: unused' 30 cargo shear
judge 'Dockerfile' 10 hadolint Dockerfile
# On a fresh clone this builds the tests' dependencies.
judge 'architecture' 480 cargo test --quiet --locked --workspace --test architecture
[ "${#failed[@]}" = 0 ] || die "make check failed: $(printf '%s; ' "${failed[@]}")"
