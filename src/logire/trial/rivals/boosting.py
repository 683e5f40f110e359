"""Boosted trees in the place of LogiRE+'s linear extractor: what a stronger learner makes of the same numbers.

One classifier for each relation that has enough facts, on all pairs whose types it occurs between. Its features are
the pair's logits of all relations, those of (t, h) and the two types; with rules also phi of the relation's bodies,
those that LogiRE+ weighs. The other relations have their logits calibrated (Platt), so that one threshold serves all.
Dev chooses how much of the result to take, as it does for LogiRE+.

Trees by gradient boosting on histograms: Ke et al., "LightGBM", NeurIPS 2017, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from logire.corpus.document import BoolArray, IntArray
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.ground.extras import extras
from logire.ground.runtime import SEEDS, derive_seed
from logire.rules.convex import Doubles
from logire.rules.grounding import Split
from logire.rules.layout import Instances
from logire.rules.plus.round import platt
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import Problem, QueryTypes, RuleSet
from logire.rules.stages import Calibration
from logire.trial.counted import chunks
from logire.trial.task import Decide, Method, Scored, Task, reaching

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

FACTS = 20
"""A relation with fewer training facts has no classifier."""

NEAR, FAR = 2000, 6000
"""Pairs without the fact that a classifier learns from: those with the highest logits, and a draw of the others."""

TREES = {
    "max_iter": 60, "max_leaf_nodes": 8, "max_bins": 255, "min_samples_leaf": 10, "learning_rate": 0.1,
    "l2_regularization": 1.0, "early_stopping": False,
}  # fmt: skip
"""Small trees: a relation has tens to hundreds of facts."""

STEPS, FARTHEST = 8, 12.0
"""Steps to a unit of a logit, up to this one: fewer values than bins, whose bounds scikit-learn would otherwise look
for longer than it grows the trees."""

BLENDS = tuple(sorted(LogiREPlusSettings().blend))
"""Shares of the boosted scores to choose from on dev, LogiRE+'s own; 0 is the backbone."""

CHANCES = 128
"""Steps of phi, for the same reason."""

Matrix = npt.NDArray[np.float32]


def sample(labels: BoolArray, logits: Matrix, rng: np.random.Generator) -> tuple[IntArray, Doubles]:
    """Rows to learn from and their weights, which sum to the number of rows.

    Every fact, the :data:`NEAR` other rows with the highest logits, and :data:`FAR` of the rest, each of these with
    the weight of those it stands for.

    Args:
        labels, logits: (rows,).
    """
    facts, others = np.flatnonzero(labels), np.flatnonzero(~labels)
    others = others[np.argsort(-logits[others], kind="stable")]
    near, rest = others[:NEAR], others[NEAR:]
    far = rng.choice(rest, FAR, replace=False) if len(rest) > FAR else rest
    weights = [np.ones(len(facts) + len(near)), np.full(len(far), len(rest) / max(len(far), 1))]
    return np.concatenate([facts, near, far]), np.concatenate(weights)


@dataclass(frozen=True)
class Part:
    """The pairs of some documents that may have one relation.

    Attributes:
        relation: its number.
        features: (rows, F). rows: their numbers among the documents' instances.
    """

    relation: int
    features: Matrix
    rows: IntArray


@dataclass(frozen=True)
class Design:
    """What the classifiers see of documents.

    Attributes:
        queries: the query types, sorted by relation.
        rules: those whose phi they see, the same for all query types of a relation; None: logits alone.
    """

    queries: QueryTypes
    rules: RuleSet | None

    @property
    def of_relation(self) -> dict[int, slice]:
        """Relation -> its query types."""
        relations, first = np.unique(self.queries.triples[:, 0], return_index=True)
        ends = [*first[1:], len(self.queries)]
        return {int(r): slice(int(a), int(b)) for r, a, b in zip(relations, first, ends, strict=True)}

    def parts(
        self, documents: Sequence[ScoredDocument], relations: Sequence[int], chosen: BoolArray | None = None
    ) -> Iterator[Part]:
        """The features of these documents' instances, relation by relation.

        Args:
            chosen: (rows,) which of them; all by default.
        """
        queries = self.queries
        split = Split.of(documents, queries)
        instances = split.instances
        blocks = split.ground(self.rules).blocks if self.rules is not None else ()
        sizes = np.array([len(d.types) for d in documents], dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(sizes**2)])
        logits = np.concatenate([d.logits.reshape(-1, d.logits.shape[2]) for d in documents])
        logits = np.rint(STEPS * np.clip(logits, -FARTHEST, FARTHEST)) / STEPS
        entity = np.concatenate([[0], np.cumsum(sizes)])
        types = np.concatenate([d.types for d in documents]).astype(np.float32)
        query_types = self.of_relation
        for relation in relations:
            of = query_types[relation]
            first = int(instances.start[of.start])
            rows = np.arange(first, int(instances.start[of.stop]))
            if chosen is not None:
                rows = rows[chosen[rows]]
            d, h, t = (x[rows].astype(np.int64) for x in (instances.document, instances.head, instances.tail))
            columns = [
                logits[start[d] + h * sizes[d] + t],
                logits[start[d] + t * sizes[d] + h],
                np.stack([types[entity[d] + h], types[entity[d] + t]], axis=1),
            ]
            if blocks:
                phi = np.concatenate([block.features for block in blocks[of]])[rows - first]
                columns.append(np.rint(CHANCES * phi) / CHANCES)
            yield Part(relation, np.concatenate(columns, axis=1, dtype=np.float32), rows)


@dataclass(frozen=True)
class Boosted:
    """A classifier for each relation that has one, and a calibration for the others."""

    design: Design
    classifiers: dict[int, HistGradientBoostingClassifier]
    calibration: Calibration

    def rescored(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        """The documents with log-odds for logits: the classifiers' where there is one, else calibrated ones.

        Pairs of types that a relation has never been seen between keep their logit where it has a classifier.
        """
        return [found for part in chunks(documents) for found in self._rescored(part)]

    def _rescored(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        split = Split.of(self.calibration.apply(documents), self.design.queries)
        scores = split.instances.logits.astype(np.float64)
        for part in self.design.parts(documents, list(self.classifiers)):
            if len(part.features):
                scores[part.rows] = self.classifiers[part.relation].decision_function(part.features)
        return split.rescored(scores)


def boost(task: Task, *, with_rules: bool) -> Boosted:
    """Fit the classifiers to the training labels.

    Raises:
        InputError: scikit-learn is not installed.
    """
    with extras():
        from sklearn.ensemble import HistGradientBoostingClassifier

    queries = QueryTypes.of(task.train, task.schema)
    rules = None
    if with_rules:
        problem = Problem(task.train, task.dev.documents, task.schema, queries)
        rules = find_rules(problem, LogiREPlusSettings(), seed=task.seed, device="cpu")
    design = Design(queries, rules)
    instances = Instances.of(task.train, queries)
    chosen, weights = np.zeros(len(instances), dtype=np.bool_), np.zeros(len(instances))
    relations = []
    for relation, of in design.of_relation.items():
        place = np.arange(instances.start[of.start], instances.start[of.stop])
        if instances.labels[place].sum() >= FACTS and not instances.labels[place].all():
            rng = np.random.default_rng(derive_seed(task.seed, "boosting", relation))
            found, weight = sample(instances.labels[place], instances.logits[place], rng)
            chosen[place[found]], weights[place[found]] = True, weight
            relations.append(relation)
    parts: dict[int, list[tuple[Matrix, BoolArray, Doubles]]] = {relation: [] for relation in relations}
    first = 0
    for documents in chunks(task.train):
        place = _places(instances, first, first + len(documents))
        for part in design.parts(documents, relations, chosen[place]):
            rows = place[part.rows]
            parts[part.relation].append((part.features, instances.labels[rows], weights[rows]))
        first += len(documents)
    types = 2 * len(task.schema.relations) + np.arange(2)
    classifiers = {}
    for relation in relations:
        features, labels, weight = (np.concatenate(column) for column in zip(*parts.pop(relation), strict=True))
        seed = derive_seed(task.seed, "trees", relation) % SEEDS
        trees = HistGradientBoostingClassifier(**TREES, categorical_features=types, random_state=seed)
        classifiers[relation] = trees.fit(features, labels, sample_weight=weight)
    return Boosted(design, classifiers, _calibration(task.train, classifiers.keys()))


def _calibration(train: Sequence[ScoredDocument], boosted: Collection[int]) -> Calibration:
    """Platt's, of the relations that are not boosted; the others' logits stay."""
    size = train[0].logits.shape[2]
    rest = np.setdiff1d(np.arange(size), list(boosted))
    found = platt([replace(d, logits=d.logits[:, :, rest], labels=d.labels[:, :, rest]) for d in train])
    scale, shift = np.ones(size), np.zeros(size)
    scale[rest], shift[rest] = found.scale, found.shift
    return Calibration(scale, shift)


def _places(instances: Instances, first: int, last: int) -> IntArray:
    """The rows of documents ``first`` to ``last``, query type by query type: as these documents alone have them."""
    begin = instances.start[:-1] + instances.document_start[:, first]
    end = instances.start[:-1] + instances.document_start[:, last]
    return np.concatenate([np.arange(a, b) for a, b in zip(begin, end, strict=True)])


def mixed(document: ScoredDocument, other: ScoredDocument, share: float) -> ScoredDocument:
    """The document with (1 - share) of its own logits and ``share`` of the other's."""
    logits = (1.0 - share) * document.logits + share * other.logits
    return replace(document, logits=logits.astype(np.float32))


def fit_with(task: Task, *, with_rules: bool) -> Decide:
    """Fit, and choose the blend and the threshold by F1 on dev; of equals the least blend."""
    model = boost(task, with_rules=with_rules)
    dev = task.dev.documents
    boosted = model.rescored(dev)
    tried = [dev_threshold([mixed(d, b, share) for d, b in zip(dev, boosted, strict=True)]) for share in BLENDS]
    best = max(range(len(BLENDS)), key=lambda k: tried[k].f1)

    def decide(split: Scored) -> list[BoolArray]:
        found = zip(split.documents, model.rescored(split.documents), strict=True)
        return reaching((mixed(document, other, BLENDS[best]).logits for document, other in found), tried[best].theta)

    return decide


RIVALS = (
    Method(
        "boosted_logits",
        "Boosted trees",
        "scikit-learn's histogram gradient boosting, one classifier a relation, on the logits of both directions and "
        "the types",
        lambda task: fit_with(task, with_rules=False),
    ),
    Method(
        "boosted_rules",
        "Boosted trees, rules",
        "the same with phi of all bodies that LogiRE+ weighs among the features",
        lambda task: fit_with(task, with_rules=True),
    ),
)
