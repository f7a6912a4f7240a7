"""Writes the file of weights that crates/detect/src/linear/model.rs reads."""

import struct

import numpy as np

MAGIC = b"LLTNGRAM"
VERSION = 1
MARK = 1
BITS = 18


def fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def winners(names, weights):
    """The places of the n-grams that are heaviest in their slot."""
    size = np.abs(weights / np.maximum(np.abs(weights).std(axis=0), 1e-9)).max(axis=1)
    order = np.lexsort((names, size))
    best = np.full(1 << BITS, -1, dtype=np.int64)
    best[names[order] >> np.uint32(32 - BITS)] = order
    best = best[best >= 0]
    return np.sort(best[size[best] > 0])


def table(names, weights):
    """Puts the weights (n x 2) of n-grams into slots: where two want one slot the heavier stays."""
    scale = np.maximum(np.abs(weights).max(axis=0, initial=1e-9), 1e-9) / 32767.0
    quantised = np.round(weights / scale).astype(np.int32)
    size = np.abs(quantised).max(axis=1, initial=0)
    kept = size > 0
    names, quantised, size = names[kept], quantised[kept], size[kept]
    # Lightest first, so that the heaviest is written last; equal ones in the order of their names.
    order = np.lexsort((names, size))
    slots = np.zeros(1 << BITS, dtype=[("check", "<u2"), ("weights", "<i2", 2)])
    index = names[order] >> np.uint32(32 - BITS)
    slots["check"][index] = names[order] & np.uint32(0xFFFF)
    slots["weights"][index] = quantised[order]
    return slots, scale.astype(np.float32)


def write(path, heads, calibration):
    """heads: [(bias (2), scale (2), slots)] for user and untrusted; calibration: numbers."""
    body = MAGIC + struct.pack("<IIII", VERSION, MARK, BITS, len(heads))
    for bias, scale, slots in heads:
        body += struct.pack("<4f", *bias, *scale) + slots.tobytes()
    body += struct.pack("<I", len(calibration)) + np.asarray(calibration, dtype="<f4").tobytes()
    with open(path, "wb") as file:
        file.write(body + struct.pack("<Q", fnv1a(body)))


def empty(path):
    """A file without weights: what the crate is built with before the first training."""
    slots = np.zeros(1 << BITS, dtype=[("check", "<u2"), ("weights", "<i2", 2)])
    write(path, [((-5.0, -5.0), (1.0, 1.0), slots)] * 2, [0.0, 1.0, 0.0, 0.5, 0.5, 0.5] * 10)


if __name__ == "__main__":
    import sys

    empty(sys.argv[1])
