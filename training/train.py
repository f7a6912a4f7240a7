"""Trains the weights of crates/detect/model/attack.bin and writes the figures of the model card.

    train.py ROWS FEATURES MODEL FIGURES

One thread, fixed seeds: the same input on the same machine and versions gives the same bytes. `make train DATA=FOLDER` calls it.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import sys
import time

import numpy as np

import combine
import data
import fit
import model_file

# Over how many folds the groups of sources are spread, per head.
FOLDS = {"u": 10, "t": 5}
# Per head and size of window: L2 strength.
STRENGTH = {"u": (0.7, 0.7), "t": (0.7, 0.7)}
POINTS = {"u": slice(0, 4), "t": slice(4, 8)}


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, file=sys.stderr, flush=True)


def left_out(texts, head, fold):
    """Scores of every text (seen x 2, decoded x 2) by models that learned from no text of its group of sources."""
    seen, decoded = (np.full((len(texts.rows), 2), -np.inf) for _ in range(2))
    for number in sorted(set(fold[fold >= 0])):
        mine = fold == number
        for size, theta in enumerate(fit.train(texts, head, ~mine, STRENGTH[head])):
            scores = fit.score(texts, theta)
            for view, out in ((0, seen), (1, decoded)):
                out[mine, size] = fit.by_text(texts, scores, size, view)[mine]
        say(head, "fold", number, "done")
    return seen, decoded


def figures(texts, head, call):
    out = []
    here = texts.given & texts.heads[head]
    for kind in sorted(set(texts.kind[here])):
        for label in (0, 1):
            for source in [None, *sorted(set(texts.source[here & (texts.kind == kind) & (texts.label == label)]))]:
                mine = here & (texts.kind == kind) & (texts.label == label)
                if source:
                    mine &= texts.source == source
                count, hits = int(mine.sum()), int(call[mine].sum())
                if count:
                    low, high = combine.wilson(hits, count)
                    out.append({"head": head, "kind": kind, "label": label, "source": source or "all", "count": count,
                                "share": hits / count, "low": low, "high": high})
    return out


def main():
    parser = argparse.ArgumentParser()
    for name in ("rows", "features", "model", "figures"):
        parser.add_argument(name)
    parser.add_argument("--folds", choices=("spread", "each"), default="spread",
                        help="spread: groups of sources over some folds; each: one group at a time")
    args = parser.parse_args()
    texts = data.Texts(args.rows, args.features)
    say("read", texts.windows.shape, texts.windows.nnz)
    heads, calibration, report = [], [], []
    for head in "ut":
        places = data.folds(texts, FOLDS[head])
        if args.folds == "each":
            places = {name: number for number, name in enumerate(sorted(places))}
        # Texts that augment.py made of a source are left out with it; what is ours alone is always learned from.
        fold = np.array([places.get(name, -1) for name in texts.group])
        seen, decoded = left_out(texts, head, fold)
        points = texts.points[:, POINTS[head]]
        weight = fit.weights(texts, texts.given & texts.heads[head])
        numbers, call = combine.calibrate(texts, head, seen, decoded, points, weight)
        calibration += numbers
        report += figures(texts, head, call)
        np.savez(f"{args.features}.{head}.npz", seen=seen, decoded=decoded)
        learned = fit.train(texts, head, np.ones(len(texts.rows), dtype=bool), STRENGTH[head])
        slots, scale = model_file.table(texts.names, np.column_stack([theta[:-1] for theta in learned]))
        heads.append((tuple(float(theta[-1]) for theta in learned), tuple(float(s) for s in scale), slots))
        say(head, "trained;", int((slots["weights"] != 0).any(axis=1).sum()), "n-grams kept")
    model_file.write(args.model, heads, calibration)
    with open(args.figures, "w", encoding="utf-8") as file:
        json.dump({"calibration": calibration, "figures": report}, file, indent=1)
    for row in report:
        if row["source"] == "all" or row["label"]:
            print(f"{row['head']} {row['kind']:16} {row['label']} {row['source']:34} {100 * row['share']:5.1f} "
                  f"({100 * row['low']:.1f}–{100 * row['high']:.1f}) of {row['count']}")


if __name__ == "__main__":
    main()
