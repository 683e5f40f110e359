"""What somebody decided of suggestions: the file that the page exports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from logire.audit.suggestion import SUGGESTIONS, Kind, Suggestion, Suggestions, Triple
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.typed import Whole, read_typed

FORMAT = "logire-audit-decisions-1"
_REMEDY = "export the decisions from the page of these suggestions (key: e)"


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """``accept``: the labels are wrong, as the suggestion says; ``reject``: they are right."""

    kind: Kind
    title: str
    head: Whole
    relation: str
    tail: Whole
    decision: Literal["accept", "reject"]

    @property
    def triple(self) -> Triple:
        return self.head, self.relation, self.tail


class Decisions(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of decisions; ``suggestions`` is the SHA-256 of the ``suggestions.json`` that they are about."""

    format: Literal["logire-audit-decisions-1"]
    suggestions: str
    decisions: tuple[Decision, ...]


def read_decisions(file: Path, folder: Path, suggestions: Suggestions) -> tuple[Decision, ...]:
    """Read decisions, each of which must be about a suggestion.

    Args:
        folder: where the suggestions lie.

    Raises:
        InputError: the file is missing, damaged or about other suggestions, or a decision is about no suggestion, or
            the second about one.
    """
    found = read_typed(file, Decisions, remedy=_REMEDY)
    if found.suggestions != file_digest(folder / SUGGESTIONS):
        problem = f"is about other suggestions than those in {folder / SUGGESTIONS}"
        raise InputError(problem, file=file, field="suggestions", remedy="name their folder: --suggestions")
    asked: dict[tuple[str, Triple], Suggestion] = {(s.title, s.triple): s for s in suggestions.suggestions}
    titles, seen = {document.title for document in suggestions.documents}, set()
    for number, decision in enumerate(found.decisions):
        key = decision.title, decision.triple
        problem = ""
        if decision.title not in titles:
            problem = "no such document was audited"
        elif key not in asked or asked[key].kind != decision.kind:
            problem = f"{_named(decision)} was not suggested as {decision.kind}"
        elif key in seen:
            problem = f"{_named(decision)} is decided twice"
        if problem:
            raise InputError(problem, file=file, document=decision.title, field=f"decisions[{number}]", remedy=_REMEDY)
        seen.add(key)
    return found.decisions


def _named(decision: Decision) -> str:
    return f"{decision.relation}({decision.head}, {decision.tail})"
