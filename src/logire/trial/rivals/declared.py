"""Constraints that a person declares instead of rules that are learnt, in the same programme as MILR's.

The constraints are types, uniqueness, symmetry, inverses, at most k and no cycles (:mod:`logire.constraints.declared`),
one file for each corpus (``trial/data``).
Breaking one costs a weight, the same for all, which is chosen on dev from 0 (the backbone alone) to infinity together
with the threshold. A corpus that nothing is declared of is decided as the backbone decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from logire.constraints.cycles import Cycles
from logire.constraints.declared import Constraints, Declarations, constraints, read_declarations
from logire.constraints.rows import limits
from logire.corpus.document import BoolArray
from logire.corpus.dump import ScoredDocument
from logire.rules.joint import Decided, decide
from logire.trial.choices import best_on, facts_of, zero_gain
from logire.trial.task import Decide, Method, Scored, Task, by_threshold

DATA = Path(__file__).parents[1] / "data"
ENDING = "_constraints.yaml"
WEIGHTS = (0.5, 1.0, 2.0, 4.0, np.inf)
OFFSETS = (0.0, -0.5, 0.5)


class Choice(NamedTuple):
    """What is chosen on dev: what a broken constraint costs, and the threshold."""

    weight: float
    theta: float


def decide_declared(document: ScoredDocument, declared: Constraints, choice: Choice) -> Decided:
    """The facts of a document: the largest sum of logit less threshold, less what broken constraints cost."""
    gains = document.logits.astype(np.float64) - choice.theta
    if choice.weight == 0:
        declared = Constraints(np.ones_like(declared.allowed))
    else:
        forbidden = ~declared.allowed[:, document.types[:, None], document.types[None, :]].transpose(1, 2, 0)
        gains[forbidden] -= choice.weight
    return decide(
        gains,
        declared.rules,
        lambda facts: limits(facts, declared, len(declared.allowed), choice.weight),
        weight=choice.weight,
        cuts=Cycles(declared.acyclic, choice.weight),
    )


def all_declarations() -> list[Declarations]:
    """Those of every corpus that comes with the package."""
    return [read_declarations(file) for file in sorted(DATA.glob(f"*{ENDING}"))]


def fit(task: Task) -> Decide:
    """Choose weight and threshold by F1 on dev; nothing is learnt from training labels."""
    declared = constraints(all_declarations(), task.schema)
    if not declared:
        return by_threshold(lambda split: split.documents, task.dev)
    alone = zero_gain(task.dev.documents)

    def decided(documents: Sequence[ScoredDocument], choice: Choice) -> Iterator[BoolArray]:
        return facts_of(decide_declared(document, declared, choice) for document in documents)

    options = [Choice(0.0, alone), *(Choice(w, alone + offset) for w, offset in product(WEIGHTS, OFFSETS))]
    best = best_on(task.dev.documents, options, lambda choice: decided(task.dev.documents, choice))

    def apply(split: Scored) -> list[BoolArray]:
        return list(decided(split.documents, best))

    return apply


RIVALS = (
    Method(
        "declared",
        "Declared constraints",
        "types, uniqueness, symmetry, inverses, no cycles, declared by hand; an integer programme at inference",
        fit,
    ),
)
