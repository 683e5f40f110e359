"""Inference cases for Figure 5: facts that reasoning added to the backbone's, and the path that speaks for each.

How a case is chosen. Among LogiRE's predictions that the backbone did not make, take those whose strongest reason
apart from the identity rule is a path of two or more atoms through distinct entities. It is *positive* if the fact
and every atom of the path are labelled: the reasoning is right, not just its result. It is *negative* if the fact is
not labelled, and neither is some atom of the path: a wrong atom led to a wrong fact. The largest contributions are
taken first, each rule and each document once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logire.corpus.document import Document
from logire.corpus.gold import INVERSE
from logire.ground.errors import InputError

Triple = tuple[int, str, int]  # head, relation, tail


@dataclass(frozen=True)
class Arrow:
    """A fact drawn as an arrow; ``labelled`` is whether it is true."""

    head: int
    relation: str
    tail: int
    labelled: bool


@dataclass(frozen=True)
class Case:
    """One inference.

    Attributes:
        title: the document.
        names: entity index -> name, of every entity shown.
        rule: the rule that was applied, as text.
        contribution: what it added to the score.
        entities: the grounding path's entities, from head to tail.
        new: the fact that reasoning added.
        path: the atoms of the path as facts, in order.
        others: the backbone's other predictions between the entities.
    """

    title: str
    names: Mapping[int, str]
    rule: str
    contribution: float
    entities: tuple[int, ...]
    new: Arrow
    path: tuple[Arrow, ...]
    others: tuple[Arrow, ...]

    @property
    def positive(self) -> bool:
        return self.new.labelled

    def as_dict(self) -> dict[str, Any]:
        """The case as JSON values."""

        def show(arrow: Arrow) -> dict[str, Any]:
            return {
                "head": self.names[arrow.head],
                "relation": arrow.relation,
                "tail": self.names[arrow.tail],
                "labelled": arrow.labelled,
            }

        return {
            "title": self.title,
            "rule": self.rule,
            "contribution": self.contribution,
            "new": show(self.new),
            "path": [show(arrow) for arrow in self.path],
            "others": [show(arrow) for arrow in self.others],
        }


def read_explanations(path: Path) -> list[dict[str, Any]]:
    """Read the ``explanations-SPLIT.jsonl`` of a LogiRE run.

    Raises:
        InputError: the file is missing, or a line is not an explanation.
    """
    try:
        # Names are written as they are: splitlines() would end a line at a U+2028 in one.
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, remedy="`logire predict` writes it"
        ) from error
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"broken JSON ({error.msg})", file=path, field=f"line {number}") from error
        if not isinstance(row, dict) or not {"title", "h_idx", "t_idx", "r", "reasons"} <= row.keys():
            raise InputError(
                "is not an explanation", file=path, field=f"line {number}", remedy="`logire predict` writes it"
            )
        rows.append(row)
    return rows


def select_cases(
    explanations: Sequence[dict[str, Any]],
    backbone: Mapping[str, Set[Triple]],
    documents: Sequence[Document],
    *,
    positive: int = 2,
    negative: int = 1,
) -> list[Case]:
    """The cases to show, positive ones first; fewer where there are not as many.

    Args:
        explanations: of every LogiRE prediction of a split.
        backbone: document title -> the backbone's predictions.
        documents: the split's documents.
    """
    by_title = {document.title: document for document in documents}
    cases = [
        case
        for row in explanations
        if (row["h_idx"], row["r"], row["t_idx"]) not in backbone.get(row["title"], set())
        and (case := _case(row, backbone.get(row["title"], set()), by_title[row["title"]])) is not None
    ]
    cases.sort(key=lambda case: (-case.contribution, case.title, case.new.head, case.new.tail))
    chosen: list[Case] = []
    for wanted, most in ((True, positive), (False, negative)):
        taken = 0
        for case in cases:
            fresh = all(case.rule != other.rule and case.title != other.title for other in chosen)
            if case.positive == wanted and fresh and taken < most:
                chosen.append(case)
                taken += 1
    return chosen


def _case(row: dict[str, Any], backbone: Set[Triple], document: Document) -> Case | None:
    """The case that a prediction makes, or None if it is not a clear one."""
    reasons = [reason for reason in row["reasons"] if reason["rule"] != f"{row['r']} <- {row['r']}"]
    if not reasons:
        return None
    reason = max(reasons, key=lambda reason: float(reason["contribution"]))
    steps = reason["path"]
    entities = (steps[0]["from_idx"], *(step["to_idx"] for step in steps))
    if len(steps) < 2 or len(set(entities)) < len(entities) or reason["contribution"] <= 0:
        return None
    labelled = {(fact.head, fact.relation, fact.tail) for fact in document.facts}

    def arrow(head: int, relation: str, tail: int) -> Arrow:
        return Arrow(head, relation, tail, (head, relation, tail) in labelled)

    path = tuple(
        arrow(step["to_idx"], step["atom"].removeprefix(INVERSE), step["from_idx"])
        if step["atom"].startswith(INVERSE)
        else arrow(step["from_idx"], step["atom"], step["to_idx"])
        for step in steps
    )
    new = arrow(row["h_idx"], row["r"], row["t_idx"])
    if new.labelled != all(atom.labelled for atom in path):
        return None
    others = (arrow(*fact) for fact in sorted(backbone) if fact[0] in entities and fact[2] in entities)
    return Case(
        title=row["title"],
        names={entity: document.entities[entity].name for entity in entities},
        rule=reason["rule"],
        contribution=float(reason["contribution"]),
        entities=entities,
        new=new,
        path=path,
        others=tuple(other for other in others if other not in path),
    )
