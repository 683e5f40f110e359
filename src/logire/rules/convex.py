"""Logistic regression with a ridge toward any centre, fitted to its optimum by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray
from logire.rules.kernels import kernel

Doubles = npt.NDArray[np.float64]
Design = npt.NDArray[np.float64] | npt.NDArray[np.float32]

HEADWAY = 0.1
"""A Hessian is kept as long as each step with it brings the decrement below this share of the one before."""

_CHUNK = 2048
"""Rows whose part of a Hessian is computed at a time: they stay in the processor's cache."""


@dataclass(frozen=True)
class _Place:
    """The data's part of the objective at some parameters: its value, gradient (k,), scores and probabilities (n,)."""

    parameters: Doubles
    loss: float
    gradient: Doubles
    score: Doubles
    probability: Doubles


class Logistic:
    """Labels to fit by a linear score, for any number of ridges in turn: they share Hessians and where they are.

    Minimised is sum log(1 + exp(-y (offset + x p))) + 1/2 sum ridge (p - centre)^2.

    Args:
        design: (n, k) the x. Single precision is twice as fast; the sums are taken in double precision all the same,
            only Hessians are not, and they say which way to go, not where to stop.
        labels: (n,). centre: (k,).
        offset: (n,) a part of the score that is not fitted.
        start: (k,) where to start; the centre by default.
    """

    def __init__(
        self,
        design: Design,
        labels: BoolArray,
        *,
        centre: Doubles,
        offset: Doubles | None = None,
        start: Doubles | None = None,
    ) -> None:
        self.design = np.ascontiguousarray(design)
        self.labels = np.ascontiguousarray(labels)
        self.centre = centre
        self.offset = np.zeros(0) if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        self._place = self._at(np.array(centre if start is None else start, dtype=np.float64))
        self._hessian: Doubles | None = None  # the data's part
        self._known = self._place  # where that Hessian is from
        self._double = False

    def minimise(self, ridge: Doubles, tolerance: float = 1e-10) -> Doubles:
        """The optimum (k,) by damped Newton steps, from where the last call ended.

        Cost: n k^2 for a Hessian, which serves several steps of n k each while they make headway.

        Args:
            ridge: (k,), all positive.
            tolerance: of Newton's decrement, about twice what is left to gain.
        """
        root = None if self._hessian is None else self._root(ridge)
        before = np.inf
        for _ in range(200):
            place = self._place
            gradient = place.gradient + ridge * (place.parameters - self.centre)
            if root is not None:
                step = root.T @ (root @ gradient)
                decrement = float(gradient @ step)
            # No row's curvature falls faster than exp(-|change of its score|): that bounds the true decrement.
            if root is None or not (decrement <= HEADWAY * before or self._slack() * decrement < tolerance):
                if self._known is not place or self._hessian is None:
                    self._hessian, self._known = self._curved(place), place
                root = self._root(ridge)
                step = root.T @ (root @ gradient)
                decrement = float(gradient @ step)
            before = decrement
            if self._slack() * decrement < tolerance:
                return place.parameters - step
            self._place, size = self._stepped(place, step, decrement, ridge)
            if size < 0.01 and not self._double:  # single precision does not know the way
                self._double, self._hessian, root = True, None, None
        return self._place.parameters

    def _stepped(self, place: _Place, step: Doubles, decrement: float, ridge: Doubles) -> tuple[_Place, float]:
        """The first of the halved steps that lowers the objective enough, and its size."""

        def objective(at: _Place) -> float:
            return at.loss + float(0.5 * (ridge * (at.parameters - self.centre) ** 2).sum())

        least, size = objective(place), 1.0
        rounding = 1e-13 * abs(least)
        while True:
            reached = self._at(place.parameters - size * step)
            if objective(reached) <= least - 1e-4 * size * decrement + rounding or size < 1e-6:
                return reached, size
            size *= 0.5

    def _at(self, parameters: Doubles) -> _Place:
        score, probability = np.empty(len(self.labels)), np.empty(len(self.labels))
        gradient = np.zeros(len(parameters))
        loss = _pass(self.design, self.offset, self.labels, parameters, score, probability, gradient)
        return _Place(parameters, float(loss), gradient, score, probability)

    def _slack(self) -> float:
        """How many times the decrement by the Hessian at hand the true one may be."""
        change = np.abs(self._place.score - self._known.score).max(initial=0.0)
        return float(np.exp(min(change, 700.0)))

    def _curved(self, place: _Place) -> Doubles:
        """(k, k) the Hessian of the data's part."""
        k = self.design.shape[1]
        total = np.zeros((k, k))
        dtype = np.float64 if self._double else self.design.dtype
        root = np.sqrt(place.probability * (1.0 - place.probability)).astype(dtype)
        for first in range(0, len(root), _CHUNK):
            rows = slice(first, first + _CHUNK)
            part: npt.NDArray[Any] = self.design[rows] * root[rows, None]
            total += part.T @ part  # numpy knows that it is symmetric: half the work
        return total

    def _root(self, ridge: Doubles) -> Doubles:
        """(k, k) the root L^-1 of the Hessian at hand: its inverse is L^-T L^-1."""
        assert self._hessian is not None
        try:
            factor = np.linalg.cholesky(self._hessian + np.diag(ridge))
        except np.linalg.LinAlgError:  # in single precision, with next to no ridge
            self._double = True
            self._hessian = self._curved(self._known)
            factor = np.linalg.cholesky(self._hessian + np.diag(ridge))
        return np.linalg.inv(factor)


def fit_logistic(
    design: Design,
    labels: BoolArray,
    *,
    ridge: Doubles,
    centre: Doubles,
    start: Doubles | None = None,
    offset: Doubles | None = None,
    tolerance: float = 1e-10,
) -> Doubles:
    """The optimum (k,) for one ridge; the arguments are those of :class:`Logistic` and :meth:`Logistic.minimise`."""
    return Logistic(design, labels, centre=centre, offset=offset, start=start).minimise(ridge, tolerance)


@kernel(any_order=True)
def _pass(design, offset, labels, parameters, score, probability, gradient):  # type: ignore[no-untyped-def]
    """Write (n,) score and probability, add to ``gradient``; returns the loss. Sums are taken in any order."""
    width = design.shape[1]
    loss = 0.0
    for i in range(len(labels)):
        row = design[i]
        s = offset[i] if len(offset) else 0.0
        for k in range(width):
            s += parameters[k] * row[k]
        small = np.exp(-abs(s))
        p = (1.0 if s >= 0 else small) / (1.0 + small)
        loss += max(s, 0.0) + np.log1p(small)
        residual = p
        if labels[i]:
            loss -= s
            residual = p - 1.0
        score[i] = s
        probability[i] = p
        for k in range(width):
            gradient[k] += residual * row[k]
    return loss
