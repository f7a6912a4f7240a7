#!/usr/bin/env bash
# make check: everything that is judged without running the product, but for the architecture test.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
scripts/setup-test.sh check

timed 'format' 20 cargo fmt --all --check
timed 'clippy' 480 cargo clippy --workspace --all-targets --locked -- -D warnings
timed 'documentation' 240 env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --document-private-items --quiet
# Advisories need a database from the network: `cargo deny check advisories` where there is one.
timed 'dependencies: bans, licences, sources' 30 cargo deny --offline check bans licenses sources
timed 'dependencies: unused' 30 cargo shear
timed 'architecture' 300 cargo test --quiet --locked --workspace --test architecture
