"""How good are suggestions? Their precision against better labels of the same documents, beside other rankings'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from logire.audit.ranking import Doubles
from logire.audit.suggestion import KINDS, Audited, Entry, Kind, Method, Rankings, Suggestions, Triple
from logire.corpus.document import IntArray
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.evaluation.significance import draws, once_and_drawn
from logire.ground.errors import InputError
from logire.ground.runtime import derive_seed

CUTS = (10, 50, 100, 500, 1000)
DRAWS = 10_000


@dataclass(frozen=True)
class Spread:
    """A value and its 95% interval over documents; None where it is not a number."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Precision:
    """The share of the first ``cut`` facts of a ranking that the better labels bear out.

    Attributes:
        method: whose ranking.
        share: 0 to 1.
        ratio: the share of the suggestions' own ranking over this one's; None for that itself.
    """

    kind: Kind
    method: str
    cut: int
    right: int
    share: Spread
    ratio: Spread | None


@dataclass(frozen=True)
class Judged:
    """All precisions, and what could not be compared.

    Attributes:
        ranked_by: whose ranking the suggestions are.
        documents: how many were compared.
        lengths: of each kind and method, how many facts its ranking has there.
        missing, differing: documents that the better labels lack, and those with other entities there.
        relations: of the audited labels, those that the better ones lack; ``new`` the other way round.
    """

    corpus: str
    synthetic: bool
    split: str
    ranked_by: Method
    documents: int
    rows: tuple[Precision, ...]
    lengths: dict[tuple[Kind, str], int]
    missing: tuple[str, ...]
    differing: tuple[str, ...]
    relations: tuple[str, ...]
    new: tuple[str, ...]


def judge(
    suggestions: Path, revised: Path, *, seed: int = 1, cuts: Sequence[int] = CUTS, samples: int = DRAWS
) -> Judged:
    """Compare suggestions with a prepared corpus of the same documents with better labels.

    A missing fact is right where the better labels have it, a doubtful label where they lack it. Documents are matched
    by title, entities by number; what one side lacks is left out of all rankings before they are cut.

    Args:
        suggestions: a folder that ``logire audit suggest`` wrote.
        revised: a folder that ``logire prepare`` wrote.
        seed: of the draws of documents.

    Raises:
        InputError: a file is missing or damaged, or no document of the suggestions is in ``revised``.
    """
    listed, rankings = Suggestions.read(suggestions), Rankings.read(suggestions)
    corpus = PreparedCorpus.open(revised)
    known = {document.title: document for split in SPLITS for document in corpus.documents(split)}
    absent = [a.title for a in listed.documents if a.title not in known]
    differing = [a.title for a in listed.documents if a.title in known and Audited.of(known[a.title]) != a]
    gone = {*absent, *differing}
    compared = [a.title for a in listed.documents if a.title not in gone]
    if not compared:
        problem = f"none of the {len(listed.documents)} audited documents is there with the same entities"
        raise InputError(
            problem, file=revised, remedy="name a corpus of the same documents: titles, entities, mentions"
        )
    relations = set(corpus.schema.relations) & set(listed.relations)
    place = {title: number for number, title in enumerate(compared)}
    labels = {title: {(f.head, f.relation, f.tail) for f in known[title].facts} for title in compared}
    drawn = draws(derive_seed(seed, "audit", "judge"), len(compared), samples)
    rows, lengths = [], {}
    for kind in KINDS:
        lists: dict[str, Sequence[tuple[str, Triple]]] = {
            listed.ranked_by: [(s.title, s.triple) for s in listed.of_kind(kind)],
            **{method: _facts(entries) for method, entries in getattr(rankings, kind).items()},
        }
        hits = {}
        for method, facts in lists.items():
            kept = [(title, triple) for title, triple in facts if title in place and triple[1] in relations]
            right = np.array(
                [(triple in labels[title]) == (kind == "missing") for title, triple in kept], dtype=np.int64
            )
            hits[method] = np.array([place[title] for title, _ in kept], dtype=np.int64), right
            lengths[kind, method] = len(kept)
        for cut in cuts:
            long = {method: found for method, found in hits.items() if len(found[0]) >= cut}
            rows += _rows(kind, cut, long, listed.ranked_by, drawn)
    return Judged(
        corpus=listed.corpus,
        synthetic=listed.synthetic,
        split=listed.split,
        ranked_by=listed.ranked_by,
        documents=len(compared),
        rows=tuple(rows),
        lengths=lengths,
        missing=tuple(absent),
        differing=tuple(differing),
        relations=tuple(r for r in listed.relations if r not in relations),
        new=tuple(r for r in corpus.schema.relations if r not in relations),
    )


def _facts(entries: Sequence[Entry]) -> list[tuple[str, Triple]]:
    return [(entry.title, entry.triple) for entry in entries]


def _rows(kind: Kind, cut: int, hits: dict[str, tuple[IntArray, IntArray]], own: str, drawn: Any) -> list[Precision]:
    """The precisions of all methods at one cut, from the same draws.

    Args:
        hits: of each method the documents of its facts, and whether they are right, in the order of its ranking.
        own: whose ranking the suggestions are.
    """
    shares = {method: _shares(places[:cut], right[:cut], drawn) for method, (places, right) in hits.items()}
    found = []
    for method, share in shares.items():
        ratio = None
        if method != own and own in shares:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = _spread(shares[own] / share)
        found.append(Precision(kind, method, cut, int(hits[method][1][:cut].sum()), _spread(share), ratio))
    return found


def _shares(places: IntArray, right: IntArray, drawn: Any) -> Doubles:
    """(1 + draws,) the share of right facts: as it is, then with each document counted as often as it is drawn."""
    documents = drawn.shape[1]
    counts = np.stack([np.bincount(places, weights, documents) for weights in (right, np.ones(len(right)))], axis=1)
    with np.errstate(invalid="ignore"):  # a draw without any of these documents
        found = [np.divide(*(weights @ counts).T) for weights in once_and_drawn(drawn)]
    return np.concatenate(found)


def _spread(values: Doubles) -> Spread:
    """The first value, and the interval of the others that are numbers; infinity counts as larger than all."""
    rest = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(rest, [0.025, 0.975], method="nearest") if len(rest) else (np.nan, np.nan)
    return Spread(*(float(number) if np.isfinite(number) else None for number in (values[0], low, high)))
