"""The compact form of logits: half precision, and only what is above a floor.

Nearly all logits of a backbone are far below zero: no threshold and no rule reaches them. A document's logits (N, N, R)
become

===========  ================  =====================================================================================
``cells``    uint32 (K,)       where the kept logits are in the flattened array, ascending: those above the floor,
                               without the diagonal
``values``   float16 (K,)      the kept logits, rounded to the nearest number of half precision
``rest``     float16 (R,)      what every other logit of a relation is read back as: its probability is the mean of
                               theirs, so that a model fitted on them sees as much of it
``shape``    int32 (3,)        N, N, R
===========  ================  =====================================================================================

What is lost: the digits that half precision does not have (a relative error of 0.05%), and the differences among the
logits at or below the floor. What is not: which logits are at least as high as the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import FloatArray
from logire.ground.files import LARGEST

FORMAT = "logire-logits-compact-1"
"""What the metadata of a compact dump say as ``format``."""
PARTS = ("cells", "values", "rest", "shape")
FLOOR = -10.0
"""Where a release cuts off; docs/release.md has what it costs."""

Half = npt.NDArray[np.float16]


def pack(logits: FloatArray, floor: float, theta: float | None = None) -> dict[str, npt.NDArray[Any]]:
    """The compact form of a document's logits.

    Args:
        logits: (N, N, R).
        floor: what is higher is kept.
        theta: the decision threshold, above the floor: kept logits stay on their side of it.

    Returns:
        The parts by name.
    """
    logits = np.asarray(logits, dtype=np.float32)
    n, r = len(logits), logits.shape[2]
    apart = ~np.eye(n, dtype=np.bool_)[:, :, None]
    kept = (logits > floor) & apart
    left = ~kept & apart
    count = left.sum((0, 1))
    # The logit of a small probability p is nearly log p. A double holds exp(-700).
    total = np.exp(np.where(left, logits, -np.inf).clip(-700), dtype=np.float64).sum((0, 1), where=left)
    rest = np.where(count > 0, np.log(np.maximum(total, np.exp(-700.0)) / np.maximum(count, 1)), floor)
    cells = np.flatnonzero(kept)
    return {
        "cells": cells.astype(np.uint32),
        "values": halved(logits.ravel()[cells], theta),
        "rest": halved(rest.astype(np.float32)),
        "shape": np.array([n, n, r], dtype=np.int32),
    }


def halved(values: npt.NDArray[np.float32], theta: float | None = None) -> Half:
    """The nearest numbers of half precision; beside ``theta``, the nearest ones on the same side of it."""
    largest = np.finfo(np.float16).max
    half = np.clip(values, -largest, largest).astype(np.float16)
    if theta is None:
        return half
    up, down, limit = np.float16(np.inf), np.float16(-np.inf), np.float32(theta)
    reaches, read = values >= limit, half.astype(np.float32) >= limit
    half = np.where(reaches & ~read, np.nextafter(half, up), half)
    return np.where(~reaches & read, np.nextafter(half, down), half)


def unpack(parts: Mapping[str, npt.NDArray[Any]]) -> FloatArray:
    """The logits (N, N, R), float32, of the parts that :func:`pack` gave.

    Raises:
        ValueError: the parts do not belong together; the message says why.
    """
    cells, values, rest, shape = (parts[name] for name in PARTS)
    if shape.dtype.kind not in "iu" or shape.shape != (3,) or shape[0] != shape[1] or (shape < 0).any():
        raise ValueError("the shape is not N, N, R")
    n, _, r = (int(size) for size in shape)
    if 4 * n * n * r > LARGEST:
        raise ValueError(f"the logits of {n} entities and {r} relations take more than {LARGEST:,} bytes")
    if rest.shape != (r,) or values.shape != cells.shape or cells.ndim != 1 or cells.dtype.kind not in "iu":
        raise ValueError("cells, values and rest do not fit the shape")
    if cells.size and not 0 <= int(cells.min()) <= int(cells.max()) < n * n * r:
        raise ValueError("a cell lies outside the logits")
    logits = np.empty((n, n, r), dtype=np.float32)
    logits[...] = rest
    logits.reshape(-1)[cells] = values
    return logits
