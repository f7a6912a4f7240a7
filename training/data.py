"""Reads what examples/features.rs wrote, with the rows it was made of."""

import json
import zlib

import numpy as np
from scipy import sparse

# Sources that share texts or templates are left out together.
RELATED = {
    "neuralchemy_original": "neuralchemy", "neuralchemy_neuralchemy_v1": "neuralchemy",
    "neuralchemy_wildguard_judgecomp": "neuralchemy", "neuralchemy_hackaprompt": "hackaprompt",
    "synth_indirect": "indirect_templates", "synth_injecagent": "indirect_templates", "tasktracker_trigger": "indirect_templates",
    "injecagent": "indirect_templates", "injecagent_tool_clean": "indirect_templates", "spikee": "indirect_templates",
    "itw_jailbreak": "jailbreaks", "pyrit_template": "jailbreaks", "jackhhao_jailbreak": "jailbreaks",
    "awesome_prompts_classic": "awesome_prompts", "awesome_prompts_new": "awesome_prompts",
    "llmtrace_injection_samples": "llmtrace_samples", "llmtrace_benign_samples": "llmtrace_samples",
    "gpteacher_codegen": "gpteacher", "gpteacher_roleplay": "gpteacher", "gpteacher_toolformer": "gpteacher",
    "cse_instruct": "cse", "cse_mitre_frr": "cse", "cse_mitre_frr_multi": "cse",
}
PREFIXES = ("xquad", "llamafactory", "bipia_train", "own", "ui")


def group(source):
    for prefix in PREFIXES:
        if source.startswith(prefix + "_"):
            return prefix
    return RELATED.get(source, source)


class Texts:
    """The rows, one array per field, and the windows of each."""

    def __init__(self, rows_path, features_path):
        rows = [json.loads(line) for line in open(rows_path, encoding="utf-8")]
        self.rows = rows
        self.label = np.array([row["label"] for row in rows], dtype=np.float32)
        self.kind = np.array([row["kind"] for row in rows])
        self.source = np.array([row["source"] for row in rows])
        self.group = np.array([group(row["source"]) for row in rows])
        self.heads = {head: np.array([head in row["heads"] for row in rows]) for head in "ut"}
        # The rows as they came; what augment.py made is learned from and not judged by.
        self.given = np.array([row["lic"] not in ("own", "ui") for row in rows])
        self.read_windows(np.fromfile(features_path, dtype="<u4"))

    def read_windows(self, numbers):
        count, columns = int(numbers[0]), int(numbers[1])
        assert count == len(self.rows), "features of another file"
        self.names = numbers[2:2 + columns]
        at = 2 + columns
        self.words = np.zeros(count, dtype=np.int64)
        self.points = np.zeros((count, 8), dtype=np.float32)
        text, view, sizes, grams, kept, starts = [], [], [], [], [], []
        for index in range(count):
            self.words[index] = numbers[at]
            self.points[index] = numbers[at + 1:at + 9]
            windows = int(numbers[at + 9])
            at += 10
            for _ in range(windows):
                which, bits, total, left = (int(n) for n in numbers[at:at + 4])
                text.append(index), view.append(which), sizes.append(bits), grams.append(total), kept.append(left)
                starts.append(at + 4)
                at += 4 + left
        self.text, self.view = np.array(text), np.array(view)
        self.sizes, self.grams = np.array(sizes), np.array(grams)
        kept, starts = np.array(kept), np.array(starts)
        pointers = np.concatenate([[0], np.cumsum(kept)])
        indices = np.empty(pointers[-1], dtype=np.int32)
        for start, left, to in zip(starts, kept, pointers[:-1]):
            indices[to:to + left] = numbers[start:start + left]
        ones = np.ones(1, dtype=np.float32)
        # One value for all entries: scipy wants one each, and a broadcast view costs no memory until it is sliced.
        values = np.broadcast_to(ones, indices.shape)
        self.windows = sparse.csr_matrix((np.ascontiguousarray(values), indices, pointers), shape=(len(text), columns))
        self.scale = (1.0 / np.sqrt(np.maximum(self.grams, 1))).astype(np.float32)


def folds(texts, count):
    """Spreads the groups of sources over folds, as even as it goes, attacks and ordinary texts each for themselves."""
    fold = {}
    loads = np.zeros((2, count))
    names, sizes = np.unique(texts.group[texts.given], return_counts=True)
    for size, name in sorted(zip(-sizes, names), key=lambda pair: (pair[0], zlib.crc32(pair[1].encode()))):
        here = texts.given & (texts.group == name)
        mine = np.array([np.sum(here & (texts.label == label)) for label in (0, 1)], dtype=float)
        share = mine / np.array([np.sum(texts.given & (texts.label == label)) for label in (0, 1)])
        choice = int(np.argmin(((loads + share[:, None]) ** 2 - loads ** 2).sum(axis=0)))
        fold[name] = choice
        loads[:, choice] += share
    return fold
