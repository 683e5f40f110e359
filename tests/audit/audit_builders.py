"""A small corpus with hidden labels, and what the tests of the audit share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from logire.audit.decisions import FORMAT
from logire.audit.suggest import suggest
from logire.audit.suggestion import SUGGESTIONS, Suggestion
from logire.corpus.document import Document, Fact
from logire.corpus.dump import write_dump
from logire.corpus.prepared import SPLITS, PreparedCorpus, write_prepared
from logire.corpus.sources.embedded import prepare_embedded
from logire.ground.digests import file_digest

SETTINGS = {"rounds": 1, "max_length": 2, "l2": [1.0], "closure": [0.0, 0.5], "closure_support": 3}
"""A quick fit."""
ASKED: dict[str, Any] = {"groups": 3, "most": 150, "settings": SETTINGS, "ranked_by": "logire_plus"}
"""What the suggestions of :func:`hidden` were asked with."""
FALSE = 10
"""How many labels are made up, too."""


@dataclass(frozen=True)
class Hidden:
    """A prepared corpus whose training labels lack some facts and have some that are made up.

    Attributes:
        better: the same documents with all labels, and none that is made up.
        documents: the corpus to audit.
        dumps: logits of the training documents, half of them in each.
        audit: the folder of its suggestions.
        lacking, made_up: what the labels lack and what they should not have, as (title, head, relation, tail).
    """

    better: Path
    documents: Path
    dumps: tuple[Path, Path]
    audit: Path
    lacking: frozenset[tuple[str, int, str, int]]
    made_up: frozenset[tuple[str, int, str, int]]


def hidden(folder: Path, count: int = 60, share: float = 0.2) -> Hidden:
    """Hide a share of the training labels; the logits know of every fact, some more than others."""
    prepare_embedded(folder / "better", documents=(count, 8, 8), split_sentences=True)
    better, rng = PreparedCorpus.open(folder / "better"), np.random.default_rng(4)
    splits = {split: list(better.documents(split)) for split in SPLITS}
    lacking, made_up, logits = set(), set(), {}
    for place, document in enumerate(splits["train"]):
        labels = better.schema.labels(document)
        logits[document.title] = (np.where(labels, 1.0, -5.0) + rng.normal(0, 1.5, labels.shape)).astype(np.float32)
        facts = {(f.head, f.relation, f.tail) for f in document.facts}
        gone = {fact for fact in sorted(facts) if rng.random() < share and fact[0] != fact[2]}
        lacking |= {(document.title, *fact) for fact in gone}
        kept = facts - gone
        if place < FALSE:
            n = len(document.entities)
            head, tail = (int(e) for e in rng.permutation(n)[:2])
            wrong = (head, better.schema.relations[int(rng.integers(len(better.schema.relations)))], tail)
            if wrong not in facts:
                made_up.add((document.title, *wrong))
                kept |= {wrong}
        splits["train"][place] = replace(document, facts=tuple(Fact(*fact) for fact in sorted(kept)))
    write_prepared(folder / "documents", splits, better.schema, name="embedded", synthetic=True)
    dumps = folder / "half0.safetensors", folder / "half1.safetensors"
    for number, dump in enumerate(dumps):
        write_dump(dump, {"train": {title: logits[title] for title in list(logits)[number::2]}})
    suggest(folder / "documents", dumps, folder / "audit", **ASKED)
    return Hidden(
        folder / "better", folder / "documents", dumps, folder / "audit", frozenset(lacking), frozenset(made_up)
    )


def write_decisions(file: Path, folder: Path, verdicts: Iterable[tuple[Suggestion, str]], **changes: object) -> Path:
    """A file of decisions as the page writes it."""
    rows = [
        {"kind": s.kind, "title": s.title, "head": s.head, "relation": s.relation, "tail": s.tail, "decision": verdict}
        for s, verdict in verdicts
    ]
    value = {"format": FORMAT, "suggestions": file_digest(folder / SUGGESTIONS), "decisions": rows}
    file.write_text(json.dumps(value | changes))
    return file


def revised(folder: Path, corpus: PreparedCorpus, changed: Mapping[str, Document]) -> Path:
    """The corpus with some training documents replaced."""
    splits = {split: list(corpus.documents(split)) for split in SPLITS}
    splits["train"] = [changed.get(d.title, d) for d in splits["train"]]
    write_prepared(folder, splits, corpus.schema, name="revised", synthetic=True)
    return folder
