"""GLiREL's relations: ``model.predict_relations(tokens, labels, threshold, ner)``, one document a line.

A record has the keys that GLiREL's own data have, and what the call gave back::

    {"title": str, "tokenized_text": [token, ...],
     "ner": [[first, last, type, name], ...],                # the last token is inside
     "relations": [{"head_pos": [start, end], "tail_pos": [start, end],     # the end is outside, as GLiREL gives it
                    "head_text": [token, ...], "tail_text": [token, ...], "label": str, "score": float}, ...],
     "clusters": [[mention, ...], ...]}                      # may be missing: mentions by their number in "ner"
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from logire.adapters.entities import Spot, gather
from logire.adapters.lines import records
from logire.adapters.registry import Format, Source
from logire.adapters.scores import Adapted, Best
from logire.ground.errors import InputError
from logire.ground.typed import Whole


class _Relation(Struct):
    head_pos: tuple[Whole, Whole]
    tail_pos: tuple[Whole, Whole]
    label: str
    score: float
    head_text: list[str] | None = None
    tail_text: list[str] | None = None


class _Record(Struct):
    tokenized_text: tuple[str, ...]
    ner: list[list[Whole | str]]
    relations: list[_Relation]
    title: str | None = None
    clusters: list[list[Whole]] | None = None


def read(source: Source) -> Iterator[Adapted]:
    """The documents of a file.

    Raises:
        InputError: a record has another form, a mention or a score is wrong, or a relation joins what ``ner`` lacks.
    """
    for number, record in records(source, _Record, title="title"):
        title = str(number) if record.title is None else record.title
        given = source.document(title)
        if given is not None and given.tokens != record.tokenized_text:
            remedy = "give GLiREL the tokens of these documents: [token for sentence in sents for token in sentence]"
            problem = f"{len(record.tokenized_text)} tokens, which are not the given document's"
            raise InputError(problem, file=source.path, document=title, field="tokenized_text", remedy=remedy)
        spots = [_spot(source, title, record, i) for i in range(len(record.ner))]
        sentences = (record.tokenized_text,) if record.tokenized_text else ()
        found = gather(source, title, sentences, spots, record.clusters)
        places = {(spot.start, spot.end): m for m, spot in reversed(list(enumerate(spots)))}
        best = Best(source.options.leave_out)
        for i, relation in enumerate(record.relations):
            ends = []
            for key in ("head", "tail"):
                start, end = getattr(relation, f"{key}_pos")
                said, field = getattr(relation, f"{key}_text"), f"relations[{i}].{key}_pos"
                _check(source, title, record, (start, end), places, said, field)
                ends.append(found.entity[places[start, end]])
            value = source.logit(relation.score, title, f"relations[{i}].score")
            best.add(ends[0], relation.label, ends[1], value)
        best.notes.update(found.notes)
        yield best.of(found.document)


def _spot(source: Source, title: str, record: _Record, number: int) -> Spot:
    match record.ner[number]:
        case [int(first), int(last), str(kind), *rest]:
            tokens = record.tokenized_text[max(first, 0) : last + 1]
            name = rest[0] if rest and isinstance(rest[0], str) else " ".join(tokens)
            return Spot(name, kind, first, last + 1, f"ner[{number}]")
    raise InputError(
        f"{record.ner[number]!r} is not a mention",
        file=source.path,
        document=title,
        field=f"ner[{number}]",
        remedy="a mention is [first token, last token, type, name], as GLiREL takes it",
    )


def _check(
    source: Source,
    title: str,
    record: _Record,
    span: tuple[int, int],
    places: dict[tuple[int | None, int | None], int],
    said: list[str] | None,
    field: str,
) -> None:
    """See that a relation's span is a mention, and that it has the words that GLiREL saw."""
    words = list(record.tokenized_text[slice(*span)])
    if span in places and (said is None or said == words):
        return
    problem = f"{list(span)} is not a mention of ner" if span not in places else f"{said} was read where {words} is"
    remedy = "give ner and tokens as the call had them; GLiREL's ner ends inside a mention, its head_pos behind it"
    raise InputError(problem, file=source.path, document=title, field=field, remedy=remedy)


FORMAT = Format(
    name="glirel",
    help="GLiREL's predict_relations, with its tokens and ner: JSON lines.",
    suffixes=(".jsonl", ".json"),
    scores="probabilities",
    read=read,
    order=1,
)
