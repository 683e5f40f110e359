"""Context features of LogiRE+: how a candidate stands in its document, and among the other candidates.

A rule's phi is a maximum: it says whether some grounding path holds, and nothing of how many do, of what competes with
the candidate, or of how prominent its entities are. Context features count and compare. They are neither chains
of inference nor rules: explanations show them by themselves.

From the ``text``, for a pair (h, t):

    distance                        log(1 + tokens between their nearest mentions)
    head_mentions, tail_mentions    log of the number of mentions
    head_place, tail_place          where the first mention stands: 0 at the document's beginning, 1 at its end

From the ``logits``, with p = sigmoid(logit), 0 on the diagonal:

    entities        log of the document's number of entities
    other_tails     sum over e != t of p(h, r, e)
    other_heads     sum over e != h of p(e, r, t)
    tail_rank       1 / the place of t among the tails of h, by logit
    head_rank       1 / the place of h among the heads of t
    elsewhere       log(1 + sum of p(., r, .) over all other pairs)
    head_facts      sum over e != t and r' of p(h, r', e)
    tail_facts      sum over e != h and r' of p(e, r', t)

A feature costs N^2 R a document, the ranks a factor log N more. Which features there are was chosen by nested halves of
dev (docs/trial.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from logire.corpus.document import Document, FloatArray
from logire.ground.errors import InputError

if TYPE_CHECKING:  # settings and help, which name the features, do without these
    from logire.corpus.dump import ScoredDocument
    from logire.rules.convex import Doubles
    from logire.rules.layout import Instances
    from logire.rules.queries import QueryTypes


@dataclass(frozen=True)
class View:
    """What features of one document follow from.

    Attributes:
        document: the document itself.
        logits: (N, N, R). p: (N, N, R) their probabilities, 0 on the diagonal.
    """

    document: Document
    logits: FloatArray
    p: FloatArray


Places = npt.NDArray[np.signedinteger[Any]]
"""Indices of entities or relations."""

Feature = Callable[[View], FloatArray]
"""Gives values of a shape that broadcasts to (N, N, R)."""

FEATURES: dict[str, Feature] = {}
"""Every feature by its name."""


def _feature(compute: Feature) -> Feature:
    FEATURES[compute.__name__] = compute
    return compute


@_feature
def distance(view: View) -> FloatArray:
    """How far apart the entities' nearest mentions are."""
    return np.asarray(np.log1p(view.document.pair_distances())[:, :, None], dtype=np.float32)


@_feature
def head_mentions(view: View) -> FloatArray:
    """How often the head is mentioned."""
    return _mentions(view)[:, None, None]


@_feature
def tail_mentions(view: View) -> FloatArray:
    """How often the tail is mentioned."""
    return _mentions(view)[None, :, None]


@_feature
def head_place(view: View) -> FloatArray:
    """Where the head is first mentioned."""
    return _place(view)[:, None, None]


@_feature
def tail_place(view: View) -> FloatArray:
    """Where the tail is first mentioned."""
    return _place(view)[None, :, None]


@_feature
def entities(view: View) -> FloatArray:
    """How many entities the document has."""
    return np.full((1, 1, 1), np.log(max(len(view.p), 1)), dtype=np.float32)


@_feature
def other_tails(view: View) -> FloatArray:
    """How many other tails the head has."""
    return np.asarray(view.p.sum(axis=1, keepdims=True) - view.p)


@_feature
def other_heads(view: View) -> FloatArray:
    """How many other heads the tail has."""
    return np.asarray(view.p.sum(axis=0, keepdims=True) - view.p)


@_feature
def tail_rank(view: View) -> FloatArray:
    """1 where t is the likeliest tail of h, 1/2 for the second, and so on; of equals the first entity."""
    return _rank(view.logits, axis=1)


@_feature
def head_rank(view: View) -> FloatArray:
    """1 where h is the likeliest head of t, 1/2 for the second, and so on."""
    return _rank(view.logits, axis=0)


@_feature
def elsewhere(view: View) -> FloatArray:
    """How much of the relation the document has at other pairs."""
    return np.asarray(np.log1p(np.maximum(view.p.sum(axis=(0, 1)) - view.p, 0.0)))


@_feature
def head_facts(view: View) -> FloatArray:
    """How many facts the head has with others than the tail."""
    of_pair = view.p.sum(axis=2)
    return np.asarray((of_pair.sum(axis=1, keepdims=True) - of_pair)[:, :, None])


@_feature
def tail_facts(view: View) -> FloatArray:
    """How many facts others than the head have with the tail."""
    of_pair = view.p.sum(axis=2)
    return np.asarray((of_pair.sum(axis=0, keepdims=True) - of_pair)[:, :, None])


TEXTUAL = frozenset({"distance", "head_mentions", "tail_mentions", "head_place", "tail_place"})
"""The features that need to know where the mentions stand."""

GROUPS = ("text", "logits")
"""What features follow from, as settings choose among them."""


def features_from(groups: Collection[str]) -> tuple[str, ...]:
    """The names of the features that follow from some of :data:`GROUPS`."""
    return tuple(name for name in FEATURES if GROUPS[name not in TEXTUAL] in groups)


def _mentions(view: View) -> FloatArray:
    counts = [len(entity.mentions) for entity in view.document.entities]
    return np.asarray(np.log(counts), dtype=np.float32)


def _place(view: View) -> FloatArray:
    first = [min(view.document.span(mention)[0] for mention in entity.mentions) for entity in view.document.entities]
    return np.asarray(np.array(first) / max(len(view.document.tokens) - 1, 1), dtype=np.float32)


def _rank(logits: FloatArray, axis: int) -> FloatArray:
    lanes = np.ascontiguousarray(np.moveaxis(-logits, axis, -1))
    order = np.argsort(lanes, axis=-1, kind="stable")
    found = np.empty(lanes.shape, dtype=np.float32)
    by_place = (1.0 / (1.0 + np.arange(lanes.shape[-1]))).astype(np.float32)
    np.put_along_axis(found, order, by_place, axis=-1)
    return np.moveaxis(found, -1, axis)


@dataclass(frozen=True)
class Context:
    """Weights of context features, beside an extractor's of rules.

    Attributes:
        names: of F features.
        weights: (Q, F) by query type.
    """

    names: tuple[str, ...]
    weights: Doubles

    def scores(self, values: FloatArray, instances: Instances) -> Doubles:
        """(rows,) what the features add to every instance's score; ``values`` (rows, F) are its own."""
        rows = pairwise(instances.start.tolist())
        parts = [values[first:last] @ weights for (first, last), weights in zip(rows, self.weights, strict=True)]
        return np.asarray(np.concatenate(parts), dtype=np.float64)

    def check(self, documents: Sequence[ScoredDocument]) -> None:
        """See that documents have what the weights are for.

        Raises:
            InputError: a feature of the text is weighed, and a document has no text.
        """
        weighed = [name for k, name in enumerate(self.names) if name in TEXTUAL and self.weights[:, k].any()]
        bare = next((d for d in documents if not d.document.sentences and d.document.entities), None)
        if weighed and bare is not None:
            raise InputError(
                f"has no text, but the model weighs {', '.join(weighed)}",
                document=bare.title,
                remedy="predict documents that have their text, or fit without these: context=['logits']",
            )

    def blended(self, blend: float) -> Context:
        """With ``blend`` times the weights."""
        return Context(self.names, blend * self.weights + 0.0)  # no negative zeros


def context_values(
    documents: Sequence[ScoredDocument], instances: Instances, queries: QueryTypes, names: Sequence[str]
) -> FloatArray:
    """(rows, F) the features of every instance.

    Args:
        documents: with the logits that the atoms' probabilities come from.
    """
    values = np.empty((len(instances), len(names)), dtype=np.float32)
    if not names:
        return values
    relation = np.repeat(queries.triples[:, 0], np.diff(instances.start))
    order = np.argsort(instances.document, kind="stable")
    bounds = np.searchsorted(instances.document[order], np.arange(len(documents) + 1))
    for d, document in enumerate(documents):
        rows = order[bounds[d] : bounds[d + 1]]
        if len(rows):
            values[rows] = of_candidates(document, names, instances.head[rows], instances.tail[rows], relation[rows])
    return values


def of_candidates(
    scored: ScoredDocument, names: Sequence[str], head: Places, tail: Places, relation: Places
) -> FloatArray:
    """(m, F) the features of m candidates of one document; 0 where they need a text and there is none.

    One feature at a time stands in memory for all N^2 R candidates, at most.
    """
    from logire.rules.layout import sigmoid

    p = sigmoid(scored.logits)
    diagonal = np.arange(len(p))
    p[diagonal, diagonal] = 0.0
    view = View(scored.document, scored.logits, p)
    found = np.zeros((len(head), len(names)), dtype=np.float32)
    for f, name in enumerate(names):
        if scored.document.sentences or name not in TEXTUAL:
            found[:, f] = np.broadcast_to(FEATURES[name](view), p.shape)[head, tail, relation]
    return found
