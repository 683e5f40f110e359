"""Small raw annotations, DocRED records and documents for the tests of the corpus package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from logire.corpus.document import Document, Entity, Fact, FloatArray, Mention, Schema

SCHEMA = Schema(("citizen_of", "in0"), ("type::location", "type::organization", "type::person"))

_MARK = re.compile(r"<(\d+):([^>]*)>")


def annotation(
    title: str,
    marked: str,
    tags: Mapping[int, Sequence[str]],
    relations: Sequence[tuple[int, str, int]] = (),
) -> dict[str, Any]:
    """A raw DWIE record; ``marked`` is the text with its mentions as ``<concept:mention>``, ``tags`` the concepts'."""
    text, mentions, position = "", [], 0
    for mark in _MARK.finditer(marked):
        text += marked[position : mark.start()]
        begin, position = len(text), mark.end()
        text += mark[2]
        mentions.append({"begin": begin, "end": len(text), "text": mark[2], "concept": int(mark[1])})
    text += marked[position:]
    return {
        "id": title,
        "content": text,
        "tags": ["all"],
        "mentions": mentions,
        "concepts": [{"concept": concept, "tags": list(names)} for concept, names in tags.items()],
        "relations": [{"s": s, "p": p, "o": o} for s, p, o in relations],
    }


def write_lines(path: Path, *records: Any) -> Path:
    """Write records as a ``.jsonl``."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def document(title: str = "D", entities: int = 3, facts: Sequence[tuple[int, str, int]] = ()) -> Document:
    """A document of one sentence: entity i is the single token ``e{i}`` at position 2 i, a person or a location."""
    tokens = tuple(token for i in range(entities) for token in (f"e{i}", "and"))
    kinds = ("type::person", "type::location")
    members = tuple(Entity((Mention(f"e{i}", 0, 2 * i, 2 * i + 1, kinds[i % 2]),)) for i in range(entities))
    return Document(title, (tokens,), members, tuple(Fact(*fact) for fact in facts))


def random_logits(
    splits: Mapping[str, Sequence[Document]], mean: float = 0, deviation: float = 1
) -> dict[str, dict[str, FloatArray]]:
    """Split -> title -> logits (N, N, 2) drawn at random."""
    rng = np.random.default_rng(0)
    return {
        split: {
            d.title: rng.normal(mean, deviation, (len(d.entities),) * 2 + (2,)).astype(np.float32) for d in documents
        }
        for split, documents in splits.items()
    }
