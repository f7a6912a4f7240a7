#!/usr/bin/env bash
# make bench-wire: what reading costs in every format, per KB, compared to OpenAI chat: instructions where valgrind is
# there, and time. Arguments go to the program: --quick for a smoke run by time.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
need_build
cargo build --locked --release -p llmtrace-wire --example wire_bench
bench=$ROOT/target/release/examples/wire_bench
"$bench" "$@"
[ "$#" = 0 ] || exit 0
if ! has valgrind; then
    say 'no instruction counts: valgrind is not installed'
    exit 0
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# One dump for every call of `counted`, numbered in order; the rest of the run is in none of them.
valgrind --tool=callgrind --callgrind-out-file="$out/calls" --collect-atstart=no \
    --toggle-collect='wire_bench::counted' --dump-after='wire_bench::counted' \
    "$bench" --count 2>"$out/log" || die "callgrind failed: $(tail -n 5 "$out/log")"
find "$out" -name 'calls.*' | sort -t. -k2 -V | xargs sed -n 's/^totals: //p' >"$out/counts"
"$bench" --counts "$out/counts"
