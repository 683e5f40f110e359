"""A small world in arrays: who is the head of what follows from who leads it, and the logits hardly know."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

RELATIONS = ("leads", "part_of", "head_of", "led_by")
"""head_of(a, c) <- leads(a, b) ^ part_of(b, c), and led_by is leads the other way round."""
TYPES = ("PER", "ORG", "LOC")


class World(NamedTuple):
    """Arrays, one entry a document."""

    logits: list[np.ndarray]
    labels: list[np.ndarray]
    types: list[list[str]]

    def part(self, start: int, end: int) -> World:
        return World(self.logits[start:end], self.labels[start:end], self.types[start:end])

    @property
    def facts(self) -> list[list[tuple[int, str, int]]]:
        return [[(h, RELATIONS[r], t) for h, t, r in np.argwhere(array).tolist()] for array in self.labels]
