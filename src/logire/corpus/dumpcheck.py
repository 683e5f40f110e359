"""Dumps that have the right shape but do not hold logits, or hold them in another order.

What cannot be logits is an error. What may be is a warning, and only where the labels speak clearly: a weak backbone
must not raise one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, FloatArray, IntArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.ground.errors import InputError

log = logging.getLogger(__name__)

Doubles = npt.NDArray[np.float64]

_NUMBERS = 10_000_000
"""How many logits are looked at: enough to tell, and a fraction of a second."""
_CERTAIN = 0.95
"""A probability that some fact has for almost any backbone; log-probabilities then come near 0."""
_ROUNDING = 1e-4
_BEFORE_SOFTMAX = "dump what goes into it; if one of its classes is no relation, minus the logit of that class"
_FACTS = 50
"""Fewer labelled facts do not tell which way round the pairs are."""
_SWAPPED = 0.8
"""The share of facts that score higher the other way round: 0.01 for six backbones on DWIE, 0.5 for no model at all."""
_DEVIATIONS = 1.0
"""How far facts score above their column's mean where a backbone has found them, in standard deviations: 1.7 to 5.3 for
six backbones on DWIE."""
_RELATIONS, _FACTS_EACH = 5, 10
"""Fewer relations with as many facts do not tell their order."""
_IN_ORDER, _OF_HIGHEST = 0.2, 0.6
"""The order is wrong where hardly any relation's facts have their highest logits in its own column, and these are far
lower than in the highest one. Six backbones on DWIE: 0.56 to 0.94, 0.96 to 1; with their relations in another order 0
to 0.06, 0.28 to 0.52."""


def check_logits(documents: Sequence[ScoredDocument], schema: Schema, file: str | Path) -> None:
    """Look at what a dump holds, once for a fit; doubts are logged as warnings.

    Args:
        documents: as they were read from ``file``, labels included.

    Raises:
        InputError: these are probabilities or their logarithms, not logits.
    """
    sample = list(_sample(documents))
    if not any(len(document.types) > 1 for document in sample):
        return
    pairs = [~np.eye(len(document.types), dtype=np.bool_) for document in sample]
    logits = np.concatenate([document.logits[pair] for document, pair in zip(sample, pairs, strict=True)])
    labels = np.concatenate([document.labels[pair] for document, pair in zip(sample, pairs, strict=True)])
    problem = _not_logits(logits)
    if problem:
        raise _doubt(file, *problem)
    doubt = _unlikely(logits)
    if not doubt:
        columns = _Columns(logits.mean(axis=0, dtype=np.float64), logits.std(axis=0, dtype=np.float64))
        doubt = _swapped(sample, columns) or _out_of_order(logits, labels, columns, schema)
    if doubt:
        log.warning("warning: %s", _doubt(file, *doubt))


class _Columns(NamedTuple):
    """Mean and standard deviation (R,) of each relation's logits."""

    mean: Doubles
    deviation: Doubles

    def above(self, logits: Doubles, relations: IntArray | slice = slice(None)) -> Doubles:
        """How many deviations logits lie above the mean of their columns."""
        deviation = self.deviation[relations]
        return (logits - self.mean[relations]) / np.where(deviation > 0, deviation, np.inf)


def _doubt(file: str | Path, problem: str, remedy: str) -> InputError:
    return InputError(problem, file=file, field="logits", remedy=remedy)


def _sample(documents: Sequence[ScoredDocument]) -> Iterator[ScoredDocument]:
    """The first documents that have no more than :data:`_NUMBERS` logits together."""
    room = _NUMBERS
    for document in documents:
        if document.logits.size <= room:
            room -= document.logits.size
            yield document


def _not_logits(logits: FloatArray) -> tuple[str, str] | None:
    """What logits (P, R) certainly are instead, and what to do."""
    low, high = float(logits.min()), float(logits.max())
    if -_ROUNDING <= low < high <= 1 + _ROUNDING and ((logits > 0) & (logits < 1)).any():
        if _sum_to_one(logits):
            return "these are probabilities, not logits: those of a pair sum to 1, as after a softmax", _BEFORE_SOFTMAX
        return (
            f"these are probabilities, not logits: all lie between {abs(low):.3g} and {high:.3g}",
            f"dump what goes into the sigmoid, or torch.logit(p, eps=1e-6); of a softmax, {_BEFORE_SOFTMAX}",
        )
    if high <= _ROUNDING and _sum_to_one(np.exp(logits)):
        return "these are log-probabilities: the probabilities of a pair sum to 1, as after a softmax", _BEFORE_SOFTMAX
    return None


def _sum_to_one(classes: FloatArray) -> bool:
    """Whether the values (P, R) of every pair do."""
    return classes.shape[1] > 1 and np.allclose(classes.sum(axis=1), 1, atol=1e-2)


def _unlikely(logits: FloatArray) -> tuple[str, str] | None:
    """What logits (P, R) hardly ever look like, and what to do."""
    low, high = float(logits.min()), float(logits.max())
    if low == high:
        return f"all logits are {low + 0.0:.3g}", "check that the model was loaded before it dumped them"
    if low == 0 and high == 1:  # nothing in between, or they were refused
        return "all logits are 0 or 1: these may be predictions", "dump the scores that the model decides by"
    if np.log(_CERTAIN) < high <= _ROUNDING:
        return (
            f"no logit is above 0, and the highest is {high:.3g}: these may be log-probabilities",
            "if so, dump what goes into the sigmoid, or torch.logit(log_probabilities.exp(), eps=1e-6)",
        )
    return None


def _swapped(documents: Sequence[ScoredDocument], columns: _Columns) -> tuple[str, str] | None:
    """Whether most labelled facts score higher with head and tail exchanged, and then clearly higher than others."""
    higher, facts, above = 0, 0, 0.0
    for document in documents:
        one_way = document.labels & ~document.labels.transpose(1, 0, 2)
        head, tail, relation = np.nonzero(one_way)
        logits = document.logits
        higher += int((logits[tail, head, relation] > logits[head, tail, relation]).sum())
        above += columns.above(logits[tail, head, relation].astype(np.float64), relation).sum()
        facts += len(head)
    if facts < _FACTS or higher < _SWAPPED * facts or above < _DEVIATIONS * facts:
        return None
    return (
        f"{higher} of {facts} labelled facts score higher with head and tail exchanged",
        "entry [h, t, r] is the logit of r(h, t): if it is that of r(t, h) here, write logits.transpose(1, 0, 2)",
    )


def _out_of_order(logits: FloatArray, labels: BoolArray, columns: _Columns, schema: Schema) -> tuple[str, str] | None:
    """Whether the facts of most relations have their highest logits, for its column, in another relation's column.

    Args:
        logits, labels: (P, R)
    """
    counts = labels.sum(axis=0)
    relations = np.flatnonzero(counts >= _FACTS_EACH)
    if len(relations) < _RELATIONS:
        return None
    # (K, R) how many deviations the facts of each relation lie above each column's mean
    above = columns.above(np.stack([logits[labels[:, r]].mean(axis=0, dtype=np.float64) for r in relations]))
    highest, column = above.max(axis=1), above.argmax(axis=1)
    own = above[np.arange(len(relations)), relations]
    if (
        (column == relations).mean() > _IN_ORDER
        or own.mean() > _OF_HIGHEST * highest.mean()
        or highest.mean() < _DEVIATIONS
    ):
        return None
    clearest = int(np.argmax(highest - own))
    fact, there = (schema.relations[k] for k in (relations[clearest], column[clearest]))
    return (
        f"of {len(relations)} relations with {_FACTS_EACH} labelled facts or more, {int((column == relations).sum())} "
        f"have their highest logits in their own column; those of {fact} have them in column {column[clearest]}, which "
        f"is {there}'s",
        "dump the relations in the order of rel2id.json, without Na",
    )
