"""The stages of a fitted rule model: each takes scored documents and gives them back with new scores for logits.

Whoever fitted them, a model predicts by applying its stages in turn (:func:`apply_all`), and explains a score by what
each of them added to it (``parts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from logire.corpus.document import FloatArray
from logire.corpus.dump import NEVER, ScoredDocument
from logire.rules.closure import ClosureStage
from logire.rules.consistency import ConsistencyStage
from logire.rules.context import Context, context_values
from logire.rules.convex import Doubles
from logire.rules.explain import BestPaths, Part, Parts, Reason
from logire.rules.extractor import Extractor
from logire.rules.grounding import Grounded, Split
from logire.rules.layout import sigmoid
from logire.rules.maxproduct import NEGLIGIBLE
from logire.rules.queries import QueryTypes, RuleSet
from logire.rules.unseen import UnseenStage

GIVEN = 4.0
"""The least logit of a labelled fact as an atom, where labels are given: the labels may be wrong, too."""
_PRECISION = 1e-5
"""How far grounding's phi may be from a path's, as a share of it: some products and sums of single precision."""


@dataclass(frozen=True)
class Calibration:
    """The atoms' probabilities are sigmoid(scale * logit + shift); scale and shift are (R,)."""

    scale: Doubles
    shift: Doubles

    def apply(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with calibrated logits."""
        result = []
        for document in documents:
            logits = (document.logits * self.scale + self.shift).astype(np.float32)
            diagonal = np.arange(len(logits))
            logits[diagonal, diagonal] = NEVER
            result.append(replace(document, logits=logits))
        return result


@dataclass(frozen=True)
class ExtractorStage:
    """Rules grounded on the logits and weighed by an extractor. Candidates of no query type keep their logit.

    Attributes:
        rules: the rules of every query type.
        extractor: their weights.
        calibration: of the atoms alone; the query's own logit enters the score as it is.
        context: weights of context features, which follow from the atoms.
        given: whether the documents' labels are given: a labelled fact is an atom with a logit of at least ``GIVEN``.
            Context then follows from the logits alone. Where no body holds its own head, a candidate's own label is in
            none of its score: bodies of at most two atoms, the identity not among them.
    """

    rules: RuleSet
    extractor: Extractor
    calibration: Calibration | None = None
    context: Context | None = None
    given: bool = False

    def apply(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[ScoredDocument]:
        """The documents with the extractor's scores for logits."""
        atoms = self.atoms(documents)
        split = Split.of(documents, queries, atoms=atoms)
        scores = self.extractor.scores(split.ground(self.rules))
        if self.context is not None:
            self.context.check(documents)
            values = context_values(self.around(documents), split.instances, queries, self.context.names)
            scores = scores + self.context.scores(values, split.instances)
        return split.rescored(scores)

    def parts(self, documents: Sequence[ScoredDocument], queries: QueryTypes) -> list[Parts]:
        """For each document that the stage takes, how scores are made: each rule with its best grounding path.

        A path is searched for only where the rule's phi, as grounding gives it, is large enough to be shown.
        """
        atoms = self.atoms(documents)
        grounded = Split.of(documents, queries, atoms=atoms).ground(self.rules)
        values = None
        if self.context is not None:
            values = context_values(self.around(documents), grounded.instances, queries, self.context.names)
        return [self._parts(d, document, atoms[d], queries, grounded, values) for d, document in enumerate(documents)]

    def _parts(
        self,
        number: int,
        document: ScoredDocument,
        atoms: ScoredDocument,
        queries: QueryTypes,
        grounded: Grounded,
        values: FloatArray | None,
    ) -> Parts:
        paths = BestPaths(sigmoid(atoms.logits))
        instances, context = grounded.instances, self.context

        def of_context(q: int, row: int) -> dict[str, float]:
            if context is None or values is None:
                return {}
            return dict(zip(context.names, (context.weights[q] * values[row]).tolist(), strict=True))

        def part(head: int, tail: int, relation: int, most: int) -> Part:
            q = int(queries.index[relation, document.types[head], document.types[tail]])
            logit = float(document.logits[head, tail, relation])
            if q < 0:
                return Part(bias=0.0, residual=logit, reasons=())
            first, last = instances.start[q] + instances.document_start[q, number : number + 2]
            here = (instances.head[first:last] == head) & (instances.tail[first:last] == tail)
            row = int(first) + int(np.flatnonzero(here)[0])
            weights = self.extractor.weights[self.rules.query(q)]
            shown = among_largest(weights, grounded.blocks[q].features[row - instances.start[q]], most)
            bodies = self.rules.bodies[self.rules.query(q)]
            return Part(
                bias=float(self.extractor.bias[q]),
                residual=float(self.extractor.residual[q]) * logit,
                reasons=tuple(Reason(bodies[k], float(weights[k]), paths.find(bodies[k], head, tail)) for k in shown),
                context=of_context(q, row),
            )

        return part

    def atoms(self, documents: Sequence[ScoredDocument]) -> Sequence[ScoredDocument]:
        """The documents with the logits whose sigmoid are the atoms' probabilities."""
        atoms = documents if self.calibration is None else self.calibration.apply(documents)
        return [_given(document) for document in atoms] if self.given else atoms

    def around(self, documents: Sequence[ScoredDocument]) -> Sequence[ScoredDocument]:
        """The documents with the logits that context features follow from."""
        return documents if self.given else self.atoms(documents)


def _given(document: ScoredDocument) -> ScoredDocument:
    """The document with high logits for its labelled facts; none for relations of an entity to itself."""
    logits = np.where(document.labels, np.maximum(document.logits, np.float32(GIVEN)), document.logits)
    itself = np.arange(len(logits))
    logits[itself, itself] = NEVER
    return replace(document, logits=logits)


def among_largest(weights: Doubles, phi: npt.NDArray[np.float32], most: int) -> list[int]:
    """The rules whose |weight * phi| may be among the ``most`` largest, phi being as exact as grounding is.

    Of equals, the first count: the others of those whose weight is 0 are left out.
    """
    if most >= len(weights):
        return list(range(len(weights)))
    if most == 0:
        return []
    size, exact = np.abs(weights), phi.astype(np.float64)
    least = np.partition(size * np.maximum(exact * (1 - _PRECISION) - NEGLIGIBLE, 0.0), -most)[-most]
    possible = size * (exact * (1 + _PRECISION) + NEGLIGIBLE) >= least
    nothing = size == 0.0
    return [int(k) for k in np.flatnonzero(possible & ~(nothing & (nothing.cumsum() > most)))]


Stage = UnseenStage | ExtractorStage | ClosureStage | ConsistencyStage


def apply_all(
    stages: Sequence[Stage], documents: Sequence[ScoredDocument], queries: QueryTypes
) -> list[ScoredDocument]:
    """The documents after all stages in turn."""
    result = list(documents)
    for stage in stages:
        result = stage.apply(result, queries)
    return result
