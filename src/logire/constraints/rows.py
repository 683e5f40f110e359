"""The rows of a programme that keep a document's facts within declared limits, and the words for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from logire.constraints.declared import Constraints

if TYPE_CHECKING:  # scipy's solver takes longer to import than a prediction
    from logire.rules.joint import Facts
    from logire.rules.programme import Rows


def words_of_rows(declared: Constraints) -> list[str]:
    """The words of each constraint that gives rows, at the place that the rows have as their origin.

    The rules come first, as :func:`logire.rules.joint.decide` numbers them, then the limits of :func:`limits`.
    """
    keys = [("rules", number) for number in range(len(declared.rules))]
    keys += [("tails", relation) for relation in declared.tails]
    keys += [("heads", relation) for relation in declared.heads]
    keys += [("disjoint", number) for number in range(len(declared.disjoint))]
    return [declared.words.get(key, " ".join(map(str, key))) for key in keys]


def limits(facts: Facts, declared: Constraints, relations: int, weight: float = np.inf) -> Iterator[Rows]:
    """The rows of the limits: most tails, most heads, disjoint relations. Cycles are found later.

    Args:
        relations: number of relations.
        weight: what a unit of excess costs.
    """
    from logire.rules.limits import limit_rows

    yield from limit_rows(
        facts,
        relations,
        tails=declared.tails,
        heads=declared.heads,
        apart=declared.disjoint,
        weight=weight,
        origin=len(declared.rules),
    )
