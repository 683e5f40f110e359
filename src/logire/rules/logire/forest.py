"""The prefixes of rule bodies: bodies that share a prefix share its computation in the rule generator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from logire.rules.queries import Body

THREE = 3
"""The tokens of a query type: head type, relation, tail type."""


@dataclass(frozen=True)
class Forest:
    """The prefixes of some bodies of some query types; each tree's root is the empty prefix.

    Attributes:
        queries: (trees,) the query types, and ``source`` (nodes, 3) the rows of a tree's three tokens, tree by tree.
        depth: (nodes,) length of each prefix.
        ancestors: (nodes, max_length) the prefix's own prefixes, root first, itself last, then -1.
        token, place: (words,) the distinct pairs of a prefix's last atom and its length; the atom is 2R + 1 (BOS) at a
            root.
        word: (nodes,) which of these each prefix ends in, and ``word_ancestors`` that of its ancestors.
        number: (query type, prefix) -> node.
    """

    queries: Tensor
    source: Tensor
    depth: Tensor
    ancestors: Tensor
    token: Tensor
    place: Tensor
    word: Tensor
    word_ancestors: Tensor
    number: dict[tuple[int, Body], int]

    @classmethod
    def of(cls, bodies: Iterable[tuple[int, Iterable[Body]]], begin: int, max_length: int) -> Self:
        """From (query type, bodies); prefixes of length ``max_length`` need no computing and are left out."""
        prefixes: set[tuple[int, Body]] = set()
        for q, group in bodies:
            prefixes.add((q, ()))
            prefixes.update((q, body[:k]) for body in group for k in range(1, min(len(body) + 1, max_length)))
        ordered = sorted(prefixes)
        number = {prefix: i for i, prefix in enumerate(ordered)}
        ancestors = np.full((len(ordered), max_length), -1, dtype=np.int64)
        for i, (q, prefix) in enumerate(ordered):
            for k in range(len(prefix) + 1):
                ancestors[i, k] = number[q, prefix[:k]]
        depth = np.array([len(prefix) for _, prefix in ordered], dtype=np.int64)
        last = np.array([prefix[-1] if prefix else begin for _, prefix in ordered], dtype=np.int64)
        words, word = np.unique(np.stack([last, depth]), axis=1, return_inverse=True)
        queries, tree = np.unique(np.array([q for q, _ in ordered], dtype=np.int64), return_inverse=True)
        return cls(
            queries=torch.from_numpy(queries),
            source=torch.from_numpy(THREE * tree[:, None] + np.arange(THREE)),
            depth=torch.from_numpy(depth),
            ancestors=torch.from_numpy(ancestors),
            token=torch.from_numpy(np.ascontiguousarray(words[0])),
            place=torch.from_numpy(np.ascontiguousarray(words[1])),
            word=torch.from_numpy(word),
            word_ancestors=torch.from_numpy(np.where(ancestors < 0, -1, word[ancestors])),
            number=number,
        )

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        if device == self.queries.device:
            return self
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {name: v.to(device) for name, v in held.items() if isinstance(v, Tensor)}
        return replace(self, **moved)
