"""The small world of these tests."""

from __future__ import annotations

import numpy as np
import pytest
from plugin_builders import TYPES, World


@pytest.fixture(scope="session")
def world() -> World:
    rng = np.random.default_rng(3)
    logits, labels, types = [], [], []
    for _ in range(50):
        n = int(rng.integers(3, 8))
        apart = ~np.eye(n, dtype=np.bool_)
        truth = np.zeros((n, n, 4), dtype=np.bool_)
        truth[..., :2] = (rng.random((n, n, 2)) < 0.15) & apart[..., None]
        truth[..., 2] = (truth[..., 0].astype(int) @ truth[..., 1].astype(int) > 0) & apart
        truth[..., 3] = truth[..., 0].T
        known = np.array([2.0, 2.0, 0.3, 0.3])  # what the logits know of each relation
        array = -3 + rng.normal(0, 1, truth.shape) + truth * (known + 3 * (known > 1))
        logits.append(array.astype(np.float32))
        labels.append(truth)
        types.append([TYPES[int(k)] for k in rng.integers(0, 3, n)])
    return World(logits, labels, types)
