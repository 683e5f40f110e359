"""Closing scores under rules that are trusted: the stage, and how it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from logire.corpus.dump import NEVER, ScoredDocument, dev_threshold
from logire.ground.thresholds import Threshold
from logire.rules.explain import BestPaths, Part, Parts, Reason
from logire.rules.layout import sigmoid
from logire.rules.queries import Body, QueryTypes, RuleSet

Matrix = npt.NDArray[np.float32]
S = TypeVar("S")


@dataclass(frozen=True)
class ClosureStage:
    """Scores closed under rules: a fact is drawn toward the weakest atom of a rule's best grounding path.

        closed(h, r, t) = max( score(h, r, t),  max over rules r <- body, over h = e_0, ..., e_l = t of
                                                min_i score(e_{i-1}, r_i, e_i) )
        score'(h, r, t) = (1 - strength) score(h, r, t) + strength closed(h, r, t)

    With strength 1 the predictions at every threshold are those of before, and what the rules conclude from them in
    one step.

    Attributes:
        rules: the rules that are trusted.
        strength: how far a score goes toward what they conclude (0 < strength <= 1).
    """

    rules: RuleSet
    strength: float

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with their logits drawn toward the closed ones."""
        full = closed(documents, self.rules, queries)
        return [partly(d, c, self.strength) for d, c in zip(documents, full, strict=True)]

    def parts(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[Parts]:
        """For each document that the stage takes, how scores are made: its own, and the rule that raises it if any."""
        return [self._parts(document, queries) for document in documents]

    def _parts(self, document: ScoredDocument, queries: QueryTypes) -> Parts:
        paths = BestPaths(document.logits, joined=np.minimum)

        def part(head: int, tail: int, relation: int, most: int) -> Part:
            del most
            logit = float(document.logits[head, tail, relation])
            kept = Part(bias=0.0, residual=logit, reasons=())
            q = int(queries.index[relation, document.types[head], document.types[tail]])
            bodies = self.rules.bodies[self.rules.query(q)] if q >= 0 else ()
            found = [(body, paths.find(body, head, tail)) for body in bodies]
            if not found:
                return kept
            body, path = max(found, key=lambda item: min(item[1].scores))  # the first of equals
            added = self.strength * (min(path.scores) - logit)
            if added <= 0:
                return kept
            probabilities = tuple(sigmoid(np.array(path.scores, dtype=np.float32)).tolist())
            reason = Reason(body, self.strength, replace(path, scores=probabilities), closing=added)
            return replace(kept, reasons=(reason,))

        return part


class Chosen(NamedTuple, Generic[S]):
    """A stage chosen on dev that holds scores against trusted rules.

    Attributes:
        stage: None where scores stay as they are.
        threshold: the one with the best dev F1, and that F1.
        tried: a row for each choice.
        dev: the dev documents with the stage's scores for logits.
    """

    stage: S | None
    threshold: Threshold
    tried: list[dict[str, float]]
    dev: list[ScoredDocument]


def choose_closure(
    rules: RuleSet, dev: Sequence[ScoredDocument], queries: QueryTypes, strengths: Sequence[float]
) -> Chosen[ClosureStage]:
    """The strength with the best F1 on dev, of equals the least.

    Args:
        dev: documents with scores for logits.
    """
    full = closed(dev, rules, queries)

    def drawn(strength: float) -> list[ScoredDocument]:
        return [partly(d, c, strength) for d, c in zip(dev, full, strict=True)]

    found = {strength: dev_threshold(drawn(strength)) for strength in sorted(strengths)}
    best = max(found, key=lambda strength: found[strength].f1)
    tried = [{"closure": strength, "dev_f1": f.f1, "theta": f.theta} for strength, f in found.items()]
    return Chosen(ClosureStage(rules, best) if best else None, found[best], tried, drawn(best))


def partly(document: ScoredDocument, full: ScoredDocument, strength: float) -> ScoredDocument:
    """``document`` with its logits moved toward those of ``full``, which are nowhere lower."""
    share = np.float32(strength)
    # A score that is not raised keeps its very bits.
    mixed = np.where(
        full.logits > document.logits, (1 - share) * document.logits + share * full.logits, document.logits
    )
    return replace(document, logits=mixed)


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
