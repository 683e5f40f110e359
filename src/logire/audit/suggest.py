"""From documents, labels and logits to a folder of suggestions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from logire.audit.combined import evidence
from logire.audit.crossfit import Group, cross_fitted, fitted
from logire.audit.evidence import REASONS, Spoken, suggestion
from logire.audit.page import audit_page
from logire.audit.ranking import Best, Candidate
from logire.audit.suggestion import (
    FORMAT,
    KINDS,
    METHODS,
    PAGE,
    RANKINGS,
    RANKINGS_FORMAT,
    SUGGESTIONS,
    TABLE,
    Audited,
    Entry,
    Kind,
    Method,
    RankedBy,
    Rankings,
    Suggestion,
    Suggestions,
    write_struct,
)
from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.prepared import PreparedCorpus
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import whole_folder, write_text
from logire.ground.records import RUN
from logire.ground.runtime import derive_seed
from logire.rules.model import Report, silent
from logire.rules.outoffold import read_out_of_fold

COLUMNS = (
    *("kind", "rank", "document", "head", "head_name", "head_type", "relation", "tail", "tail_name", "tail_type"),
    *("margin", "probability", "backbone_logit", "rule", "rule_kind", "path", "sentences"),
)


def suggest(
    documents: Path,
    logits: Sequence[Path],
    out: Path,
    *,
    split: str = "train",
    groups: int = 5,
    seed: int = 1,
    most: int = 1000,
    run: Path | None = None,
    ranked_by: RankedBy = "combined",
    settings: Mapping[str, Any] | None = None,
    report: Report = silent,
) -> Suggestions:
    """Rank the facts that labels lack and the labels in doubt; the folder ``out`` appears whole or not at all.

    Args:
        logits: dumps that together hold the split's logits, each document's from a model that has not seen it.
        groups: LogiRE+ is fitted once for each group of documents, on the others.
        seed: the groups follow from it.
        most: the length of each list, at most.
        run: a fitted run that scores the documents, instead of fits for each group.
        ranked_by: ``combined`` lets the document's other labels speak; ``logire_plus`` follows from the logits.
        settings: those of LogiRE+ that differ from the defaults.

    Raises:
        InputError: a broken corpus or dump, documents and logits that do not match, too few documents or labels.
    """
    if most < 1:
        raise InputError(f"{most} is not a length", field="--most", remedy="give a number from 1 up")
    corpus = PreparedCorpus.open(documents)
    report("reading the logits", 0, 1)
    scored = read_out_of_fold(logits, corpus, split)
    if run is None:
        fits = cross_fitted(scored, corpus.schema, groups=groups, seed=seed, settings=settings or {}, report=report)
    else:
        fits = iter([fitted(run, scored, corpus.schema)])
    ranks = _Ranks(most, seed, ranked_by)
    found = []
    for group in fits:
        ranks.add(group)
        found.append(group)
    schema = found[0].model.schema
    listed = _explained(ranks, found, schema, report)
    suggestions = Suggestions(
        format=FORMAT,
        corpus=corpus.name,
        synthetic=corpus.synthetic,
        split=split,
        data_digest=corpus.digest,
        seed=seed,
        groups=len(found),
        ranked_by=ranked_by,
        dumps=tuple(file_digest(Path(file)) for file in logits),
        run=None if run is None else file_digest(run / RUN),
        relations=schema.relations,
        documents=tuple(Audited.of(item.document) for item in scored),
        suggestions=tuple(listed),
    )
    with whole_folder(out) as folder:
        write_struct(folder / SUGGESTIONS, suggestions)
        digest = file_digest(folder / SUGGESTIONS)
        write_struct(folder / RANKINGS, ranks.others(digest, scored, schema))
        write_text(folder / TABLE, table(suggestions))
        text = {item.title: item.document for item in scored}
        write_text(folder / PAGE, audit_page(suggestions, text, digest))
    return suggestions


class _Ranks:
    """The lists of a split, of every method, filled group by group."""

    def __init__(self, most: int, seed: int, ranked_by: RankedBy) -> None:
        self.seed, self.ranked_by = seed, ranked_by
        self.best: dict[tuple[Kind, Method], Best] = {(k, m): Best(most) for k in KINDS for m in METHODS}

    def add(self, group: Group) -> None:
        """Take in the documents of a group. Self-relations are in no list."""
        of_documents = zip(group.documents, group.places, group.margins(), group.given_margins(), strict=True)
        for document, place, margins, given in of_documents:
            apart = ~np.eye(len(document.labels), dtype=np.bool_)[:, :, None]
            missing, doubtful = apart & ~document.labels, apart & document.labels
            backbone = document.logits.astype(np.float64) - group.theta
            rules = group.confidence.values(document)
            # Most rules have many companions: chance decides among equals, the same each time.
            rng = np.random.default_rng(derive_seed(self.seed, "audit", "ties", document.title))
            ties = rng.random(rules.shape)
            values: dict[Method, npt.NDArray[np.floating]] = {
                "logire_plus": margins,
                "combined": group.combined.values(given, rules),
                "backbone": backbone,
            }
            for method, array in values.items():
                self.best["missing", method].add(place, array, missing)
                self.best["doubtful", method].add(place, -array, doubtful)
            self.best["missing", "rules"].add(place, rules, missing & (rules > 0), ties)
            self.best["doubtful", "rules"].add(place, -rules, doubtful, ties)

    def listed(self, kind: Kind) -> list[Candidate]:
        """What is suggested."""
        return self.best[kind, self.ranked_by].ranked()

    def others(self, digest: str, documents: Sequence[ScoredDocument], schema: Schema) -> Rankings:
        """The rankings that the model's is compared with."""

        def entries(kind: Kind, method: Method) -> tuple[Entry, ...]:
            sign = 1 if kind == "missing" else -1
            return tuple(
                Entry(documents[c.place].title, c.head, schema.relations[c.relation], c.tail, round(sign * c.value, 6))
                for c in self.best[kind, method].ranked()
            )

        missing, doubtful = (
            {method: entries(kind, method) for method in METHODS if method != self.ranked_by} for kind in KINDS
        )
        return Rankings(RANKINGS_FORMAT, digest, missing, doubtful)


def _explained(ranks: _Ranks, groups: Sequence[Group], schema: Schema, report: Report) -> list[Suggestion]:
    """The suggestions of both lists, each with what its group's model says of it."""
    listed: list[tuple[Kind, Candidate]] = [(kind, c) for kind in KINDS for c in ranks.listed(kind)]
    found: dict[int, Suggestion] = {}
    for number, group in enumerate(groups, start=1):
        report("explaining", number - 1, len(groups))
        asked: dict[int, list[int]] = {}
        places = set(group.places)
        for index, (_, candidate) in enumerate(listed):
            if candidate.place in places:
                asked.setdefault(candidate.place, []).append(index)
        chosen = [(d, place) for d, place in zip(group.documents, group.places, strict=True) if place in asked]
        facts = [[(c.head, c.tail, c.relation) for _, c in (listed[i] for i in asked[place])] for _, place in chosen]
        model = group.given if ranks.ranked_by == "combined" else group.model
        explained = model.explained_facts([d for d, _ in chosen], facts, most=2 * REASONS) if chosen else ()
        for (document, place), explanations in zip(chosen, explained, strict=True):
            for index, explanation in zip(asked[place], explanations, strict=True):
                spoken = _of_labels(group, document, listed[index][1]) if ranks.ranked_by == "combined" else None
                found[index] = suggestion(*listed[index], document, explanation, schema, number, spoken)
    report("explaining", len(groups), len(groups))
    return [found[index] for index in range(len(listed))]


def _of_labels(group: Group, document: ScoredDocument, candidate: Candidate) -> Spoken | None:
    """The rule that speaks for a candidate by the document's labels, with its part in the combined value."""
    found = group.confidence.best(document, candidate.head, candidate.tail, candidate.relation)
    if found is None:
        return None
    body, path, confidence = found
    return Spoken(body, path, group.combined.rules * float(evidence(np.array(confidence))))


def table(suggestions: Suggestions) -> str:
    """Both lists as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for kind in KINDS:
        for rank, s in enumerate(suggestions.of_kind(kind), start=1):
            head, tail = s.entities[:2]
            reason = s.reason
            names = {entity.number: entity.name for entity in s.entities}
            path = [f"{names[step.head]} -{step.atom}-> {names[step.tail]}" for step in reason.path] if reason else []
            ends = (s.head, head.name, head.type, s.relation, s.tail, tail.name, tail.type)
            why = (reason.rule, reason.kind) if reason else ("", "")
            numbers = (s.margin, s.probability, s.backbone)
            writer.writerow((kind, rank, s.title, *ends, *numbers, *why, "; ".join(path), *_sentences(s)))
    return text.getvalue()


def _sentences(suggestion: Suggestion) -> tuple[str]:
    return (" ".join(map(str, suggestion.sentences)),)
