"""The design of one group of query types that share weights, filled part by part, and the optimum on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from logire.corpus.document import BoolArray, FloatArray
from logire.rules.context import Context, features_from
from logire.rules.convex import Doubles, Logistic
from logire.rules.extractor import Extractor
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import QueryTypes, RuleSet

OFFSET_RIDGE = 0.1
"""The ridge on the offsets b, which the penalties to choose from leave alone."""


class Weights(NamedTuple):
    """The optimum of a group: ``residual`` of the logit, ``bias`` (types,), of bodies ``rules``, of ``features``."""

    residual: float
    bias: Doubles
    rules: Doubles
    features: Doubles


class Design:
    """The rows of a group of query types: their logit, an offset for each type, the bodies' phi, context features.

    Args:
        rows: how many rows there are.
        types: how many query types the group has.
        bodies: how many bodies each of them has. features: how many context features.
        residual: whether the logit has a weight, pulled toward 1.
        shifted: whether rows have a part of the score that is not fitted.
    """

    def __init__(
        self, rows: int, types: int, bodies: int, features: int, *, residual: bool, shifted: bool = False
    ) -> None:
        self._types = types
        self._bodies = slice(1 + types, 1 + types + bodies)
        self._residual = residual
        self._design = np.zeros((rows, self._bodies.stop + features), dtype=np.float32)
        self._labels = np.zeros(rows, dtype=np.bool_)
        self._shift = np.zeros(rows) if shifted else None

    def put(
        self,
        first: int,
        kind: int,
        phi: FloatArray,
        logits: FloatArray,
        labels: BoolArray,
        values: FloatArray,
        shift: Doubles | None = None,
    ) -> None:
        """Put n rows of one query type from row ``first`` on.

        Args:
            kind: the query type's number in the group.
            phi: (n, bodies). logits, labels: (n,). values: (n, features).
            shift: (n,) the part of the score that is not fitted, where the design has one.
        """
        rows = slice(first, first + len(labels))
        if self._residual:
            self._design[rows, 0] = logits
        self._design[rows, 1 + kind] = 1.0
        self._design[rows, self._bodies] = phi
        self._design[rows, self._bodies.stop :] = values
        self._labels[rows] = labels
        if self._shift is not None and shift is not None:
            self._shift[rows] = shift

    def optima(self, penalties: Sequence[float]) -> list[Weights]:
        """The optimum for each penalty; each starts from the one before."""
        width = self._design.shape[1]
        centre = np.zeros(width)
        centre[0] = float(self._residual)
        problem = Logistic(self._design, self._labels, centre=centre, offset=self._shift)
        found = []
        for l2 in penalties:
            ridge = np.full(width, l2)
            ridge[1 : self._bodies.start] = OFFSET_RIDGE
            solution = problem.minimise(ridge)
            parts = np.split(solution, [1, self._bodies.start, self._bodies.stop])
            found.append(Weights(float(parts[0][0]), *parts[1:]))
        return found


class Fits:
    """What groups' optima add up to: for each penalty an extractor and context weights of all query types."""

    def __init__(self, rules: RuleSet, settings: LogiREPlusSettings) -> None:
        self.penalties = sorted(settings.l2, reverse=True)
        self._rules = rules
        names = features_from(settings.context)
        queries = len(rules.start) - 1
        self.fits = [(Extractor.zeros(rules), Context(names, np.zeros((queries, len(names))))) for _ in self.penalties]

    def take(self, group: Sequence[int], optima: Sequence[Weights]) -> None:
        """The optima of a group of query types, one for each penalty."""
        for (extractor, context), found in zip(self.fits, optima, strict=True):
            for q, bias in zip(group, found.bias, strict=True):
                extractor.residual[q] = found.residual
                extractor.bias[q] = bias
                extractor.weights[self._rules.query(q)] = found.rules
                context.weights[q] = found.features

    def blended(self, number: int, blend: float) -> tuple[Extractor, Context]:
        """Those of one penalty, by its number, at a blend."""
        extractor, context = self.fits[number]
        return extractor.blended(blend), context.blended(blend)


def groups_of(queries: QueryTypes, *, tied: bool) -> list[list[int]]:
    """The query types that share weights: those of a relation where ``tied``, else each by itself."""
    if not tied:
        return [[q] for q in range(len(queries))]
    relation = queries.triples[:, 0]
    return [np.flatnonzero(relation == r).tolist() for r in np.unique(relation)]
