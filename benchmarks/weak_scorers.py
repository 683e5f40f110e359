"""What LogiRE+ gives a weak scorer from few labelled documents: precision at equal recall; prints a Markdown table.

    R=results/dwie/runs
    python benchmarks/weak_scorers.py $R/backbone/lstm/seed1 --documents results/dwie/corpus \\
        --fold $R/folds/lstm/seed1/1of2 --fold $R/folds/lstm/seed1/2of2 --weaken

Of each size, documents are drawn from the training documents with their out-of-fold logits, and a fifth of them is kept
for choices, as in ``learning_curve.py``. The scorer alone has the threshold that is best on the kept documents; that
gives its recall and precision on all dev documents, none of which is learnt from or chosen on. LogiRE+'s precision is
taken where it first reaches that recall. Test is not read.

LogiRE+ is fitted with its defaults, and with ``unseen: [0, 1, 3]``, which lets it distrust types that it has not seen.

``--weaken`` simulates a zero-shot scorer from a trained one: logits halved (it is unsure), shifted up (it relates what
occurs together), with noise, and each relation confused with another one between the same types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from learning_curve import arguments, drawn, task_of

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument, dev_threshold
from logire.ground.runtime import derive_seed
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.trial.task import Task

SIZES = (25, 50, 100)
UNSEEN = ((0.0,), (0.0, 1.0, 3.0))
SCALE, SHIFT, NOISE, CONFUSED = 0.5, 1.0, 1.0, 1.0
"""Of the weakened logits: their factor, what is added, the deviation of the noise, and how far a relation's logit stays
below that of the one it is confused with, at least."""

Doubles = npt.NDArray[np.float64]


class Ranked(NamedTuple):
    """All candidates of some documents, best first: (n,) scores and labels, and the number of facts."""

    scores: Doubles
    right: npt.NDArray[np.bool_]
    facts: int

    @classmethod
    def of(cls, scores: Sequence[npt.NDArray[np.float32]], documents: Sequence[ScoredDocument]) -> Ranked:
        """Rank (N, N, R) scores."""
        apart = [~np.eye(len(d.labels), dtype=np.bool_) for d in documents]
        values = np.concatenate([s[a].ravel() for s, a in zip(scores, apart, strict=True)]).astype(np.float64)
        labels = np.concatenate([d.labels[a].ravel() for d, a in zip(documents, apart, strict=True)])
        order = np.argsort(-values, kind="stable")
        return cls(values[order], labels[order], int(labels.sum()))

    def at_threshold(self, theta: float) -> tuple[float, float]:
        """Precision and recall of the candidates that reach a threshold."""
        many = int((self.scores >= theta).sum())
        found = int(self.right[:many].sum())
        return found / max(many, 1), found / self.facts

    def precision_at(self, recall: float) -> float:
        """Precision of the shortest list with at least this recall."""
        found = np.cumsum(self.right)
        many = int(np.searchsorted(found, max(np.ceil(recall * self.facts - 1e-9), 1))) + 1
        return float(found[many - 1] / many)


def partners(train: Sequence[ScoredDocument], schema: Schema, seed: int) -> npt.NDArray[np.int64]:
    """(R,) for each relation the one whose facts have the most similar entity types; drawn among equals."""
    kinds = len(schema.types)
    counts = np.zeros((len(schema.relations), kinds * kinds))
    for document in train:
        head, tail, relation = np.nonzero(document.labels)
        np.add.at(counts, (relation, document.types[head] * kinds + document.types[tail]), 1)
    shares = counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1)
    alike = shares @ shares.T + 1e-6 * np.random.default_rng(seed).random((len(shares), len(shares)))
    np.fill_diagonal(alike, -1.0)
    return np.asarray(alike.argmax(axis=1))


def weakened(document: ScoredDocument, partner: npt.NDArray[np.int64], seed: int) -> ScoredDocument:
    """The document with the logits of a weaker scorer."""
    rng = np.random.default_rng(derive_seed(seed, "weak", document.title))
    z = np.maximum(document.logits, document.logits[:, :, partner] - CONFUSED)
    z = SCALE * z + SHIFT + NOISE * rng.standard_normal(z.shape)
    return replace(document, logits=z.astype(np.float32))


class Found(NamedTuple):
    """Percent: the scorer's recall, its precision and that of both fits there, and their F1 at their thresholds."""

    recall: float
    alone: float
    default: float
    unseen: float
    f1_alone: float
    f1_default: float
    f1_unseen: float


def measure(task: Task, measured: Sequence[ScoredDocument]) -> Found:
    """Fit LogiRE+ on a task, twice; both and the scorer alone on the measured documents."""
    kept = list(task.dev.documents)
    alone = Ranked.of([d.logits for d in measured], measured)
    points = [alone.at_threshold(dev_threshold(kept).theta)]
    precision, recall = points[0]
    there = [precision]
    for unseen in UNSEEN:
        settings = LogiREPlusSettings(unseen=unseen)
        model = LogiREPlus(task.schema, settings, seed=task.seed, device="cpu").fit(task.train, kept)
        ranked = Ranked.of(model.scores(measured), measured)
        there.append(ranked.precision_at(recall))
        points.append(ranked.at_threshold(model.fitted.theta))
    f1 = [2 * p * r / max(p + r, 1e-9) for p, r in points]
    return Found(*(100 * value for value in (recall, *there, *f1)))


def main() -> None:
    parser = arguments(__doc__, SIZES)
    parser.add_argument("--weaken", action="store_true", help="simulate a zero-shot scorer")
    options = parser.parse_args()
    task = task_of(options)
    measured = list(task.dev.documents)
    if options.weaken:
        partner = partners(task.train, task.schema, derive_seed(task.seed, "partners"))
        weak = [weakened(d, partner, task.seed) for d in task.train]
        measured = [weakened(d, partner, task.seed) for d in measured]
        task = replace(task, train=weak, seen=weak)
    heads = "labelled | draws | recall | precision alone | LogiRE+ | gain | with unseen | gain | F1 alone"
    print(f"| {heads} | LogiRE+ | with unseen |\n" + "|---:" * 11 + "|", flush=True)
    for size in options.size or SIZES:
        print(row(size, [measure(drawn(task, size, number), measured) for number in range(options.draws)]), flush=True)


def row(size: int, found: Sequence[Found]) -> str:
    """One row: means over the draws, in brackets the deviation of the gain."""
    mean = Found(*np.mean(found, axis=0))
    cells: list[object] = [size, len(found), f"{mean.recall:.1f}", f"{mean.alone:.1f}"]
    for name in ("default", "unseen"):
        gains = [getattr(one, name) - one.alone for one in found]
        deviation = f" ({np.std(gains, ddof=1):.1f})" if len(gains) > 1 else ""
        cells += [f"{getattr(mean, name):.1f}", f"{np.mean(gains):+.1f}{deviation}"]
    cells += [f"{value:.1f}" for value in mean[4:]]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    main()
