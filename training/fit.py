"""Fits one linear model over windows: logistic regression by L-BFGS, twice, the second time on the windows that matter."""

import numpy as np
from scipy.optimize import minimize

import model_file

# How much a text counts by its kind. What looks like an attack and is none weighs more: over-defence shows there first.
KIND = {
    "hardneg": 3.0, "hardneg_persona": 4.0, "benign_chat": 1.5, "benign_multi": 2.0, "benign_doc": 1.5, "benign_agent": 1.5,
    "direct": 1.0, "jailbreak": 1.5, "encoded": 0.3, "multilingual": 1.0, "indirect": 1.0, "indirect_tool": 1.0,
}
# Labels that are doubtful in part (see MODEL_CARD.md).
SOURCE = {"spml_chatbot": 0.3, "neuralchemy_wildguard_judgecomp": 0.2, "slabs": 0.7}
# A source counts by its number of texts to this power, so that large ones do not drown the others.
POWER = 0.6


def weights(texts, chosen):
    out = np.zeros(len(texts.rows), dtype=np.float64)
    for source in np.unique(texts.source[chosen]):
        for label in (0, 1):
            here = chosen & (texts.source == source) & (texts.label == label)
            count = here.sum()
            if count:
                # Ninety languages of one kind of text: each counts less.
                out[here] = count ** (POWER - 1.0) * 0.4
                if source.startswith("ui_"):
                    continue
                factor = SOURCE.get(source, 1.0) if label else 1.0
                out[here] = count ** (POWER - 1.0) * factor
    for kind in np.unique(texts.kind[chosen]):
        out[chosen & (texts.kind == kind)] *= KIND[kind]
    positive, negative = chosen & (texts.label == 1), chosen & (texts.label == 0)
    # Attacks and ordinary texts weigh the same in all.
    for side in (positive, negative):
        out[side] *= 10000.0 / max(out[side].sum(), 1e-9)
    return out


def solve(matrix, scale, label, weight, start, strength, rounds):
    sign = np.where(label > 0, 1.0, -1.0)
    bias_at = matrix.shape[1]

    def loss(theta):
        w = theta[:bias_at].astype(np.float32)
        margin = (matrix @ w) * scale + theta[bias_at]
        z = sign * margin
        value = float(np.sum(weight * np.logaddexp(0.0, -z))) + 0.5 * strength * float(np.dot(theta[:bias_at], theta[:bias_at]))
        push = (-sign * weight / (1.0 + np.exp(np.clip(z, -50, 50))))
        gradient = np.empty_like(theta)
        gradient[:bias_at] = matrix.T @ (push * scale).astype(np.float32)
        gradient[:bias_at] += strength * theta[:bias_at]
        gradient[bias_at] = push.sum()
        return value, gradient

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 6})
    return found.x


def windows_for(texts, rows, scores, chance, positive_most, negative_most):
    """Which windows to learn from: the best ones of every text, or some by chance while there are no scores."""
    order = scores[rows] if scores is not None else chance.random(len(rows))
    by_text = np.lexsort((-order, texts.text[rows]))
    sorted_rows = rows[by_text]
    text = texts.text[sorted_rows]
    first = np.concatenate([[True], text[1:] != text[:-1]])
    rank = np.arange(len(text)) - np.maximum.accumulate(np.where(first, np.arange(len(text)), 0))
    most = np.where(texts.label[text] > 0, positive_most, negative_most)
    return np.sort(sorted_rows[rank < most])


def rows_of(texts, size, chosen):
    rows = np.flatnonzero(((texts.sizes >> size) & 1 == 1) & chosen[texts.text] & (texts.grams > 0))
    # What was decoded out of an ordinary text is ordinary; of an attack, it is learned from only where it is all there is.
    return rows[(texts.view[rows] == 0) | (texts.label[texts.text[rows]] == 0) | (texts.kind[texts.text[rows]] == "encoded")]


def step(texts, picked, text_weight, columns, start, strength, rounds):
    """One fit on some windows; columns: those that may be used, or None for all."""
    count = np.bincount(texts.text[picked], minlength=len(texts.rows))
    label = texts.label[texts.text[picked]]
    weight = text_weight[texts.text[picked]] / np.where(label > 0, count[texts.text[picked]], 1.0)
    matrix = texts.windows[picked]
    if columns is None:
        return solve(matrix, texts.scale[picked], label, weight, start, strength, rounds)
    used = np.append(columns, len(start) - 1)
    theta = np.zeros_like(start)
    theta[used] = solve(matrix[:, columns], texts.scale[picked], label, weight, start[used], strength, rounds)
    return theta


def train(texts, head, chosen, strengths, rounds=(16, 28)):
    """The weights of the columns and the bias behind them, for either size. `chosen` says which texts may be learned from.

    First on windows by chance and with all n-grams; then on the windows that matter and with the n-grams that have a slot.
    """
    chosen = chosen & texts.heads[head]
    text_weight = weights(texts, chosen)
    rows = [rows_of(texts, size, chosen) for size in (0, 1)]
    chance = np.random.default_rng(7)
    zero = np.zeros(texts.windows.shape[1] + 1)
    first = [step(texts, windows_for(texts, rows[size], None, chance, 8, 4), text_weight, None, zero, strengths[size], rounds[0])
             for size in (0, 1)]
    columns = model_file.winners(texts.names, np.column_stack([theta[:-1] for theta in first]))
    out = []
    for size in (0, 1):
        picked = windows_for(texts, rows[size], score(texts, first[size]), chance, 1, 3)
        out.append(step(texts, picked, text_weight, columns, first[size], strengths[size], rounds[1]))
    return out


def score(texts, theta):
    return (texts.windows @ theta[:-1].astype(np.float32)) * texts.scale + theta[-1]


def by_text(texts, scores, size, view):
    """The best window of every text in a view; minus infinity where there is none."""
    rows = ((texts.sizes >> size) & 1 == 1) & (texts.view == view)
    out = np.full(len(texts.rows), -np.inf)
    np.maximum.at(out, texts.text[rows], scores[rows])
    return out
