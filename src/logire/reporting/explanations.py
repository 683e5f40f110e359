"""Reading the explanations that ``logire predict`` writes: what is not as it should be is named, by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from logire.corpus.document import Document, Schema
from logire.corpus.gold import ANY, INVERSE
from logire.ground.errors import InputError
from logire.ground.files import read_bytes
from logire.ground.typed import Whole, decode


class Step(TypedDict):
    """One atom of a grounding path, from an entity to the next."""

    from_idx: Whole
    atom: str
    to_idx: Whole
    score: float


class Reason(TypedDict):
    """One rule's part in a score, see :class:`logire.rules.explain.Reason`; its kind is a rule's, or ``constraint``."""

    rule: str
    contribution: float
    weight: float
    phi: float
    kind: str
    path: Annotated[list[Step], Meta(min_length=1)]


class Explained(TypedDict):
    """What readers use of a line, see :class:`logire.rules.explain.Explanation`."""

    title: str
    h_idx: Whole
    t_idx: Whole
    r: str
    score: float
    threshold: float
    predicted: NotRequired[bool]
    bias: float
    residual: float
    backbone_probability: float
    context: NotRequired[dict[str, float]]
    reasons: list[Reason]


def read_explanations(
    path: Path, documents: Sequence[Document], schema: Schema, *, remedy: str = "`logire predict` writes it"
) -> list[Explained]:
    """Read the ``explanations-SPLIT.jsonl`` of a LogiRE run.

    Args:
        documents: those of the split.
        remedy: what to do where the file is missing or damaged.

    Raises:
        InputError: the file cannot be read, a line is not an explanation, or it is about a document, an entity or a
            relation that does not exist.
    """
    sizes = {document.title: len(document.entities) for document in documents}
    rows = []
    *lines, rest = read_bytes(path, remedy=remedy).split(b"\n")
    for number, line in enumerate([*lines, rest] if rest else lines, start=1):
        where = f"{path}, line {number}"
        row = decode(line, Explained, file=where, title="title", remedy=remedy)
        if row["title"] not in sizes:
            raise InputError("no such document in this split", file=where, document=row["title"])
        for field, problem in _problems(row, sizes[row["title"]], schema):
            raise InputError(problem, file=where, document=row["title"], field=field)
        rows.append(row)
    return rows


def _problems(row: Explained, entities: int, schema: Schema) -> Iterator[tuple[str, str]]:
    """The field and what is wrong with it."""
    ends = [("h_idx", row["h_idx"]), ("t_idx", row["t_idx"])]
    relations = [("r", row["r"])]
    for i, reason in enumerate(row["reasons"]):
        for j, step in enumerate(reason["path"]):
            field = f"reasons[{i}].path[{j}]"
            ends += [(f"{field}.from_idx", step["from_idx"]), (f"{field}.to_idx", step["to_idx"])]
            if step["atom"] != ANY:
                relations.append((f"{field}.atom", step["atom"].removeprefix(INVERSE)))
    for field, entity in ends:
        if not 0 <= entity < entities:
            yield field, f"entity {entity} does not exist: there are {entities}"
    for field, relation in relations:
        if relation not in schema.relation_index:
            yield field, f"unknown relation {relation!r}"
