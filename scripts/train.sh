#!/usr/bin/env bash
# Trains the weights of detection on the data in a folder (see training/MODEL_CARD.md for what is read) and writes
# crates/detect/model/attack.bin and training/figures.json. One thread; some ten minutes; 4 GB of memory.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

DATA=${1:?usage: scripts/train.sh FOLDER [ARGUMENTS OF train.py]}
[ -f "$DATA/train.jsonl.zst" ] || die "$DATA holds no train.jsonl.zst"
need_build
need_venv
install_requirements "$ROOT/.venv-train" "$ROOT/training/requirements.txt"
python=$ROOT/.venv-train/bin/python
work=$ROOT/target/training
mkdir -p "$work"

say "rows: the data, the lexicon, and both in containers"
"$python" training/augment.py "$DATA" >"$work/rows.jsonl"
say "n-grams of $(wc -l <"$work/rows.jsonl") texts"
cargo build --locked --release -p llmtrace-detect --example features
"${CARGO_TARGET_DIR:-target}/release/examples/features" 3 <"$work/rows.jsonl" >"$work/features.bin"
say "training"
"$python" training/train.py "$work/rows.jsonl" "$work/features.bin" crates/detect/model/attack.bin training/figures.json "${@:2}"
"$python" training/card.py training/figures.json training/MODEL_CARD.md docs/reference/detection.md
sha256sum crates/detect/model/attack.bin
