"""Closing scores under rules: a fact scores no less than the weakest atom of a reliable rule's best grounding path.

    score'(h, r, t) = max( score(h, r, t),  max over rules r <- body, over h = e_0, ..., e_l = t of
                                            min_i score(e_{i-1}, r_i, e_i) )

At every threshold the predictions are then those of before and what these rules conclude from them in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from logire.corpus.dump import NEVER, ScoredDocument
from logire.rules.queries import Body, QueryTypes
from logire.rules.ruleset import RuleSet

Matrix = npt.NDArray[np.float32]


def closed(documents: Sequence[ScoredDocument], rules: RuleSet, queries: QueryTypes) -> list[ScoredDocument]:
    """The documents with their logits closed under ``rules`` in one step. Cost: N^3 a prefix of a body."""
    return [replace(document, logits=_close(document, rules, queries)) for document in documents]


def _close(document: ScoredDocument, rules: RuleSet, queries: QueryTypes) -> Matrix:
    result = document.logits.copy()
    reached: dict[Body, Matrix] = {}
    of_type = {int(kind): np.flatnonzero(document.types == kind) for kind in np.unique(document.types)}
    for body, q in zip(rules.bodies, rules.query_of_rule, strict=True):
        relation, head_type, tail_type = queries.triples[q].tolist()
        if head_type in of_type and tail_type in of_type:
            cells = np.ix_(of_type[head_type], of_type[tail_type])
            found = best_weakest(document.logits, body, reached)[cells]
            result[(*cells, relation)] = np.maximum(result[(*cells, relation)], found)
    diagonal = np.arange(len(result))
    result[diagonal, diagonal] = NEVER
    return result


def best_weakest(logits: Matrix, body: Body, known: dict[Body, Matrix]) -> Matrix:
    """(N, N) the largest over grounding paths of the smallest logit on the path.

    Args:
        known: what was computed before for this document, by body; added to.
    """
    if body not in known:
        relations = logits.shape[2]
        atom = body[-1]
        matrix = logits[:, :, atom] if atom < relations else logits[:, :, atom - relations].T
        if len(body) > 1:
            left = best_weakest(logits, body[:-1], known)
            matrix = np.stack([np.minimum(row[:, None], matrix).max(axis=0) for row in left])
        known[body] = matrix
    return known[body]
