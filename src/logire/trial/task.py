"""What every method of a trial is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from logire.corpus.document import BoolArray, FloatArray, IntArray, Schema
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.ground.thresholds import f1_of_facts


@dataclass(frozen=True)
class Scored:
    """One split with everything that a backbone and its folds say of it.

    Attributes:
        documents: with the logits of the backbone that was trained on all training documents.
        folds: the same documents with the logits of each fold's backbone.
    """

    documents: Sequence[ScoredDocument]
    folds: tuple[Sequence[ScoredDocument], ...] = ()


def part(split: Scored, documents: IntArray) -> Scored:
    """Some documents of a split."""
    return Scored([split.documents[d] for d in documents], tuple([fold[d] for d in documents] for fold in split.folds))


@dataclass(frozen=True)
class Task:
    """What a method is fitted on.

    Attributes:
        train: the training documents with out-of-fold logits, each by a backbone that has not seen the document.
        seen: the training documents with the logits of the backbone that was trained on them.
        dev: where everything is chosen, the threshold first of all.
        seed: everything random is derived from it.
    """

    schema: Schema
    train: Sequence[ScoredDocument]
    seen: Sequence[ScoredDocument]
    dev: Scored
    seed: int


Decide = Callable[[Scored], list[BoolArray]]
"""A fitted method: for each document (N, N, R) whether a fact is predicted; never on the diagonal."""


@dataclass(frozen=True)
class Method:
    """A method that takes part.

    Attributes:
        name: in files; ``title``: in tables.
        source: where it is from: the paper, and what of it is tried here.
        fit: learns on a task.
    """

    name: str
    title: str
    source: str
    fit: Callable[[Task], Decide]


def reaching(scores: Iterable[FloatArray], theta: float) -> list[BoolArray]:
    """The facts whose score is at least ``theta``, from each document's scores (N, N, R); the diagonal never is."""
    return [(found >= theta) & ~np.eye(len(found), dtype=np.bool_)[:, :, None] for found in scores]


def f1(decided: Iterable[BoolArray], documents: Sequence[ScoredDocument]) -> float:
    """Micro F1 (0 to 1) of decided facts; facts with h = t count as missed."""
    return f1_of_facts((facts, document.labels) for facts, document in zip(decided, documents, strict=True))


def by_threshold(rescore: Callable[[Scored], Sequence[ScoredDocument]], dev: Scored) -> Decide:
    """Decide by the threshold with the best F1 on dev.

    Args:
        rescore: puts a method's scores in the place of the logits.
    """
    theta = dev_threshold(rescore(dev)).theta

    def decide(split: Scored) -> list[BoolArray]:
        return reaching((document.logits for document in rescore(split)), theta)

    return decide


def averaged(split: Scored) -> list[ScoredDocument]:
    """The documents with the mean of all backbones' logits: that of all training documents and the folds'."""
    everyone = zip(split.documents, *split.folds, strict=True)
    return [replace(same[0], logits=np.mean([d.logits for d in same], axis=0, dtype=np.float32)) for same in everyone]


def mixed(split: Scored, share: float) -> list[ScoredDocument]:
    """The documents with weighed logits: ``share`` of the full backbone's, the rest evenly of the folds'."""
    folds = averaged(Scored(split.folds[0], split.folds[1:]))
    return [
        replace(own, logits=(share * own.logits + (1 - share) * theirs.logits).astype(np.float32))
        for own, theirs in zip(split.documents, folds, strict=True)
    ]
