"""Small files as other extractors write them, made up for these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from logire.adapters.registry import Options, find
from logire.adapters.run import adapt
from logire.corpus.dump import ScoredDocument, read_dump
from logire.corpus.prepared import NewDocuments, PreparedCorpus

TOKENS = ["Ada", "Byron", "wrote", "to", "Babbage", ".", "Babbage", "lived", "in", "London", "."]
NER = [[0, 1, "PER", "Ada Byron"], [4, 4, "PER", "Babbage"], [6, 6, "PER", "Babbage"], [9, 9, "LOC", "London"]]


def relation(head: tuple[int, int], tail: tuple[int, int], label: str, score: float) -> dict[str, Any]:
    """One relation as GLiREL gives it: ends behind the mention."""
    return {
        "head_pos": list(head),
        "tail_pos": list(tail),
        "head_text": TOKENS[slice(*head)],
        "tail_text": TOKENS[slice(*tail)],
        "label": label,
        "score": score,
    }


def glirel_record(**changes: Any) -> dict[str, Any]:
    """Ada Byron is entity 0, Babbage (twice) 1, London 2; two pairs of mentions join Babbage and London."""
    relations = [
        relation((4, 5), (9, 10), "lives in", 0.25),
        relation((6, 7), (9, 10), "lives in", 0.75),
        relation((0, 2), (4, 5), "knows", 0.5),
        relation((4, 5), (6, 7), "knows", 0.9),
        relation((0, 2), (9, 10), "no relation", 0.9),
    ]
    return {"title": "letter", "tokenized_text": TOKENS, "ner": NER, "relations": relations} | changes


TEXT = "Ada Byron wrote to Babbage. Babbage lived in London."


def span(begin: int, end: int, label: str) -> dict[str, Any]:
    """An entity as GLiNER gives it."""
    return {"start": begin, "end": end, "text": TEXT[begin:end], "label": label, "score": 0.9}


SPANS = [span(0, 9, "PER"), span(19, 26, "PER"), span(28, 35, "PER"), span(45, 51, "LOC")]


def gliner_record(**changes: Any) -> dict[str, Any]:
    """The same letter, as GLiNER-relex gives it."""

    def end(number: int) -> dict[str, Any]:
        one = SPANS[number]
        return {
            "start": one["start"],
            "end": one["end"],
            "text": one["text"],
            "type": one["label"],
            "entity_idx": number,
        }

    relations = [
        {"head": end(h), "tail": end(t), "relation": name, "score": score}
        for h, t, name, score in [(1, 3, "lives in", 0.25), (2, 3, "lives in", 0.75), (0, 1, "knows", 0.5)]
    ]
    return {"title": "letter", "text": TEXT, "entities": SPANS, "relations": relations} | changes


def write_jsonl(path: Path, *values: Any) -> Path:
    """Write values one a line."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def adapted(name: str, source: Path, out: Path, **given: Any) -> tuple[dict[str, Any], list[ScoredDocument]]:
    """What an adapter says, and the documents with their logits, read back by the package's own readers."""
    paths = {key: given.pop(key) for key in ("documents", "relations") if key in given}
    report = adapt(find(name), source, out, Options(**given), **paths)
    schema = PreparedCorpus(out).schema
    return report, read_dump(out / "logits.safetensors", NewDocuments(out / "test.json", schema), "test")


def docred(title: str, names: list[str], labels: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A document in DocRED's format, whose entity i is the token i."""
    vertices = [[{"name": name, "sent_id": 0, "pos": [i, i + 1], "type": "T"}] for i, name in enumerate(names)]
    return {"title": title, "sents": [names], "vertexSet": vertices, "labels": labels or []}


def given_documents(folder: Path, *documents: dict[str, Any], relations: tuple[str, ...] = ("r", "s")) -> Path:
    """A file of documents with rel2id.json beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "rel2id.json").write_text(json.dumps({name: i for i, name in enumerate(("Na", *relations))}))
    (folder / "docs.json").write_text(json.dumps(list(documents)))
    return folder / "docs.json"


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))
