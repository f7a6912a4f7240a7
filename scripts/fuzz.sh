#!/usr/bin/env bash
# make fuzz: every fuzz target for FUZZ_SECONDS (60). Installs cargo-fuzz where it is absent.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
need_build
has c++ || debian g++
has cargo-fuzz || cargo install --locked cargo-fuzz </dev/null
[ -d fuzz/fuzz_targets ] || die "there are no fuzz targets in fuzz/fuzz_targets"

# libFuzzer needs switches of rustc that stable hides.
export RUSTC_BOOTSTRAP=1
failed=()
for file in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$file" .rs)
    timed "fuzz $target" "$((${FUZZ_SECONDS:-60} + 300))" \
        cargo fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 || failed+=("$target")
done
[ "${#failed[@]}" = 0 ] || die "crashes in: ${failed[*]} (inputs in fuzz/artifacts)"
