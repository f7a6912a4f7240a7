"""Puts scores of windows and points of rules together, and sets the thresholds; crates/detect/src/attack/calibration.rs is the same at run time."""

import sys

import numpy as np
from scipy.optimize import minimize

LENGTHS = (48, 160, 640)
LIMIT, MOST_SUM, ALONE = 8.0, 12.0, 4

# Ordinary texts with the form of a jailbreak: judged by themselves, as the personas are.
SHAPED = ("gpteacher_roleplay", "jackhhao_jailbreak", "neuralchemy_wildguard_judgecomp")

# Ordinary texts about prompts, instructions and attacks: trigger words, not ordinary chat.
TRIGGER = ("slabs",)

# What share of which ordinary texts may be reported, half of what is promised where that was possible.
ALLOWED = {
    "u": {"chat": 0.0045, "multi": 0.004, "agent": 0.012, "shaped": 0.065, "hardneg": 0.03, "persona": 0.065},
    "t": {"doc": 0.004, "agent": 0.004, "chat": 0.006, "multi": 0.006, "hardneg": 0.02},
}
FEWEST = 40


def family(texts):
    """The name under which the false positives of a text are counted; empty for attacks."""
    names = {"benign_chat": "chat", "benign_multi": "multi", "benign_agent": "agent", "benign_doc": "doc", "hardneg": "hardneg",
             "hardneg_persona": "persona"}
    out = np.array([names.get(kind, "") for kind in texts.kind], dtype=object)
    out[np.isin(texts.source, SHAPED) & (texts.label == 0)] = "shaped"
    out[np.isin(texts.source, TRIGGER)] = "hardneg"
    out[texts.label == 1] = ""
    return out


def features(small, large, most, total):
    clip = lambda scores: np.clip(scores, -LIMIT, LIMIT)
    return np.column_stack([clip(small), clip(large), most, np.minimum(total, MOST_SUM)])


def logistic(x, label, weight, strength, toward=None):
    """Non-negative weights, so that no sign of an attack ever speaks against one; drawn to zero, or to weights that are given."""
    middle = np.zeros(x.shape[1]) if toward is None else toward[1:]
    sign = np.where(label > 0, 1.0, -1.0)

    def loss(theta):
        z = sign * (x @ theta[1:] + theta[0])
        push = -sign * weight / (1.0 + np.exp(np.clip(z, -50, 50)))
        value = np.sum(weight * np.logaddexp(0, -z)) + 0.5 * strength * np.sum((theta[1:] - middle) ** 2)
        return value, np.concatenate([[push.sum()], x.T @ push + strength * (theta[1:] - middle)])

    bounds = [(None, None)] + [(0.0, None)] * x.shape[1]
    start = np.concatenate([[-1.0], np.full(x.shape[1], 0.1)]) if toward is None else toward
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}).x


def bucket(words):
    return np.digitize(words, np.array(LENGTHS) + 1)


def calibrate(texts, head, seen, decoded, points, weight):
    """seen, decoded: scores (texts x 2) of models that had not seen the source. Returns the numbers of the file and the calls."""
    judged = texts.given & texts.heads[head] & np.isfinite(seen).all(axis=1) & (weight > 0)
    x = features(seen[:, 0], seen[:, 1], points[:, 0], points[:, 1])
    theta = logistic(x[judged], texts.label[judged], weight[judged], 20.0)
    has_words = np.isfinite(seen).all(axis=1)
    has = np.isfinite(decoded).all(axis=1)
    zd = np.full(len(x), -30.0)
    zd[has] = features(decoded[has, 0], decoded[has, 1], points[has, 2], points[has, 3]) @ theta[1:] + theta[0]

    names, lengths = family(texts), bucket(texts.words)
    allowed, binding = ALLOWED[head], []

    def threshold(z, here, share=1.0):
        highest = (-np.inf, "")
        for name, rate in allowed.items():
            mine = judged & here & (names == name) & (points[:, 0] < ALONE)
            if mine.sum() >= FEWEST:
                highest = max(highest, (float(np.quantile(z[mine], 1.0 - rate * share)), name))
        binding.append(f"{highest[1]} {highest[0]:.2f}")
        return highest[0]

    def chance(z):
        return 1.0 / (1.0 + np.exp(-z))

    z = np.full(len(x), -30.0)
    numbers, call, limits, used = [], points[:, 0] >= ALONE, [], [theta]
    for index in range(len(LENGTHS) + 1):
        here = lengths == index
        mine = judged & here
        # What counts how much depends on the length: a best window of many is less of a sign than the only one.
        own = logistic(x[mine], texts.label[mine], weight[mine], 100.0, theta)
        z[here & has_words] = x[here & has_words] @ own[1:] + own[0]
        used.append(own)
        limit = threshold(z, here)
        limits.append(limit)
        numbers += [*own, chance(limit)]
        call |= here & (z >= limit)
    # Decoding gives many forms of a text, most of them noise: they get a fifth of what is allowed.
    limit = max(threshold(zd, has, 0.2), min(limits))
    numbers += [*theta, chance(limit)]
    call |= has & ((zd >= limit) | (points[:, 2] >= ALONE))
    print(head, "weights", np.round(np.array(used), 2).tolist(), "binding", binding, file=sys.stderr)
    return [float(number) for number in numbers], call & has_words


def wilson(hits, count):
    """The 95 % interval of a share."""
    if count == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)
