#!/usr/bin/env bash
# Prints recall and false positives per kind and source, at the shipped thresholds, of every *.jsonl.zst and *.jsonl in a
# folder whose lines have text, label, kind and source.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

DATA=${1:?usage: scripts/eval.sh FOLDER}
need_build
has zstd || debian zstd
cargo build --locked --release -p llmtrace-detect --example eval
shopt -s nullglob
for file in "$DATA"/*.jsonl "$DATA"/*.jsonl.zst; do
    # Texts with marked spans are judged elsewhere.
    case $file in *pii* | *secrets*) continue ;; esac
    say "$(basename "$file")"
    case $file in *.zst) zstd -dcq "$file" ;; *) cat "$file" ;; esac | "${CARGO_TARGET_DIR:-target}/release/examples/eval"
done
