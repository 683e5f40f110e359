"""What an audit suggests: the types of ``suggestions.json`` and ``rankings.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta, Struct

from logire.corpus.document import Document
from logire.ground.digests import content_digest, file_digest
from logire.ground.errors import InputError
from logire.ground.files import write_text
from logire.ground.typed import Whole, read_typed

Kind = Literal["missing", "doubtful"]
KINDS: tuple[Kind, ...] = ("missing", "doubtful")
Method = Literal["logire_plus", "combined", "backbone", "rules"]
"""Whose ranking: LogiRE+'s; that of it and the labels' rules together; the backbone's; that of the labels' rules."""
METHODS: tuple[Method, ...] = ("logire_plus", "combined", "backbone", "rules")
RankedBy = Literal["logire_plus", "combined"]

SUGGESTIONS, RANKINGS, TABLE, PAGE = "suggestions.json", "rankings.json", "suggestions.csv", "audit.html"
FORMAT: Literal["logire-audit-1"] = "logire-audit-1"
RANKINGS_FORMAT: Literal["logire-audit-rankings-1"] = "logire-audit-rankings-1"
_REMEDY = "make the folder with `logire audit suggest`"

Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Triple = tuple[int, str, int]
"""Head, relation, tail."""


class Marked(Struct, frozen=True, forbid_unknown_fields=True):
    """An entity of a suggestion; ``mentions`` are (sentence, start, end), tokens of the sentence."""

    number: Number
    name: str
    type: str
    mentions: tuple[tuple[Number, Number, Number], ...]


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One atom of a path, between two entities; ``score`` is its probability."""

    head: Number
    atom: str
    tail: Number
    score: float


class Reason(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that speaks: for the fact where ``contribution`` is above 0, else against it."""

    rule: str
    kind: str
    contribution: float
    path: tuple[Step, ...]


class Suggestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A fact to look at.

    Attributes:
        kind: ``missing``: not labelled, and supported; ``doubtful``: labelled, and contradicted.
        head, tail: the numbers of the entities.
        margin: the score above the threshold; ``probability`` is its sigmoid.
        backbone: the backbone's own logit.
        group: which group of documents it was scored in, from 1.
        bias, own, context: the parts of the score that no rule adds: of the relation, of the logit, of the context.
        reasons: the rules with the largest parts in the score, the largest first.
        entities: head, tail, then the others of the reasons' paths.
        sentences: where the pieces are.
        pieces: (sentence, start, end), the tokens to read.
    """

    kind: Kind
    title: str
    head: Number
    relation: str
    tail: Number
    margin: float
    probability: float
    backbone: float
    group: Number
    bias: float
    own: float
    context: float
    reasons: tuple[Reason, ...]
    entities: Annotated[tuple[Marked, ...], Meta(min_length=2)]
    sentences: tuple[Number, ...]
    pieces: tuple[tuple[Number, Number, Number], ...]

    @property
    def triple(self) -> Triple:
        return self.head, self.relation, self.tail

    @property
    def reason(self) -> Reason | None:
        """The rule that speaks the loudest for a missing fact, or against a doubtful one, if one does."""
        sign = 1 if self.kind == "missing" else -1
        return next((reason for reason in self.reasons if sign * reason.contribution > 0), None)


class Audited(Struct, frozen=True, forbid_unknown_fields=True):
    """A document that was audited: how many entities it has, and a digest of where they are mentioned."""

    title: str
    entities: Number
    mentions: str

    @classmethod
    def of(cls, document: Document) -> Self:
        spans = [[[m.sentence, m.start, m.end] for m in entity.mentions] for entity in document.entities]
        return cls(document.title, len(document.entities), content_digest(spans))


class Suggestions(Struct, frozen=True, forbid_unknown_fields=True):
    """``suggestions.json``.

    Attributes:
        corpus, synthetic, split, data_digest: what was audited.
        seed, groups: how the documents were drawn into groups; one group: a fitted run scored them all.
        ranked_by: whose ranking both lists are.
        dumps: SHA-256 of the logits dumps.
        run: SHA-256 of the run's ``run.json``, where a run scored the documents.
        relations: the relations that a fact may have.
        documents: all documents of the split.
        suggestions: the missing facts, best first; then the doubtful labels, the least supported first.
    """

    format: Literal["logire-audit-1"]
    corpus: str
    synthetic: bool
    split: str
    data_digest: str
    seed: int
    groups: int
    ranked_by: RankedBy
    dumps: tuple[str, ...]
    run: str | None
    relations: tuple[str, ...]
    documents: tuple[Audited, ...]
    suggestions: tuple[Suggestion, ...]

    def of_kind(self, kind: Kind) -> list[Suggestion]:
        return [suggestion for suggestion in self.suggestions if suggestion.kind == kind]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the suggestions of a folder.

        Raises:
            InputError: the file is missing or damaged, names a document that was not audited, or a fact twice.
        """
        file = folder / SUGGESTIONS
        found = read_typed(file, cls, remedy=_REMEDY)
        sizes = {document.title: document.entities for document in found.documents}
        seen = set()
        for number, s in enumerate(found.suggestions):
            problem = ""
            if max(s.head, s.tail) >= sizes.get(s.title, 0):
                problem = "is not a fact of a document in the list"
            elif (s.title, s.triple) in seen:
                problem = "occurs twice"
            if problem:
                raise InputError(problem, file=file, document=s.title, field=f"suggestions[{number}]", remedy=_REMEDY)
            seen.add((s.title, s.triple))
        return found


class Entry(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A fact of a ranking: ``[title, head, relation, tail, value]``."""

    title: str
    head: Whole
    relation: str
    tail: Whole
    value: float

    @property
    def triple(self) -> Triple:
        return self.head, self.relation, self.tail


class Rankings(Struct, frozen=True, forbid_unknown_fields=True):
    """``rankings.json``: how the other methods rank the same facts; for each kind, each method's best first.

    ``backbone`` goes by the logit above the threshold of its group, ``rules`` by the confidence of mined rules alone.
    """

    format: Literal["logire-audit-rankings-1"]
    suggestions: str
    missing: dict[Method, tuple[Entry, ...]]
    doubtful: dict[Method, tuple[Entry, ...]]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the rankings of a folder.

        Raises:
            InputError: the file is missing or damaged, or belongs to other suggestions.
        """
        file = folder / RANKINGS
        found = read_typed(file, cls, remedy=_REMEDY)
        if found.suggestions != file_digest(folder / SUGGESTIONS):
            problem = f"belongs to other suggestions than {SUGGESTIONS}"
            raise InputError(problem, file=file, field="suggestions", remedy=_REMEDY)
        return found


def write_struct(path: Path, value: Struct) -> None:
    """Write a struct as JSON, atomically."""
    write_text(path, msgspec.json.encode(value).decode() + "\n")
