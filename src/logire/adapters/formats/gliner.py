"""GLiNER-relex's entities and relations: ``entities, relations = model.inference([text], labels, relations)``.

One document a line::

    {"title": str, "text": str,
     "entities": [{"start": int, "end": int, "text": str, "label": str, "score": float}, ...],    # characters
     "relations": [{"head": {"start", "end", "text", "type", "entity_idx"}, "tail": {...},
                    "relation": str, "score": float}, ...],
     "clusters": [[mention, ...], ...]}                      # may be missing: mentions by their number in "entities"
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from logire.adapters.entities import Spot, gather, tokens_of
from logire.adapters.lines import records
from logire.adapters.registry import Format, Source
from logire.adapters.scores import Adapted, Best
from logire.ground.errors import InputError
from logire.ground.typed import Whole


class _Entity(Struct):
    start: Whole
    end: Whole
    label: str
    text: str | None = None


class _End(Struct):
    start: Whole
    end: Whole
    text: str | None = None


class _Relation(Struct):
    head: _End
    tail: _End
    relation: str
    score: float


class _Record(Struct):
    text: str
    entities: list[_Entity]
    relations: list[_Relation]
    title: str | None = None
    clusters: list[list[Whole]] | None = None


def read(source: Source) -> Iterator[Adapted]:
    """The documents of a file. Given documents are matched by the names of mentions: their tokens are others.

    Raises:
        InputError: a record has another form, a mention or a score is wrong, or a relation joins what is not in
            ``entities``.
    """
    for number, record in records(source, _Record, title="title"):
        title = str(number) if record.title is None else record.title
        given = source.given is not None
        tokens = tokens_of(record.text, [edge for entity in record.entities for edge in (entity.start, entity.end)])
        spots = [_spot(source, title, record, i, tokens, given=given) for i in range(len(record.entities))]
        sentences = (tuple(token for token, _, _ in tokens),) if tokens else ()
        found = gather(source, title, sentences, spots, record.clusters)
        places = {(entity.start, entity.end): m for m, entity in reversed(list(enumerate(record.entities)))}
        best = Best(source.options.leave_out)
        for i, relation in enumerate(record.relations):
            ends = []
            for key, end in (("head", relation.head), ("tail", relation.tail)):
                if (end.start, end.end) not in places:
                    problem = f"[{end.start}, {end.end}) is not one of the entities"
                    remedy = "write entities and relations of the same call"
                    field = f"relations[{i}].{key}"
                    raise InputError(problem, file=source.path, document=title, field=field, remedy=remedy)
                ends.append(found.entity[places[end.start, end.end]])
            value = source.logit(relation.score, title, f"relations[{i}].score")
            best.add(ends[0], relation.relation, ends[1], value)
        best.notes.update(found.notes)
        yield best.of(found.document)


def _spot(
    source: Source, title: str, record: _Record, number: int, tokens: list[tuple[str, int, int]], *, given: bool
) -> Spot:
    entity, field = record.entities[number], f"entities[{number}]"
    name = record.text[entity.start : entity.end] if 0 <= entity.start < entity.end <= len(record.text) else ""
    inside = [i for i, (_, begin, end) in enumerate(tokens) if entity.start <= begin and end <= entity.end]
    if not inside or (entity.text is not None and entity.text != name):
        problem = f"characters [{entity.start}, {entity.end}) are {name!r}, not {entity.text!r}"
        remedy = "give the very text that GLiNER has read"
        raise InputError(problem, file=source.path, document=title, field=field, remedy=remedy)
    if given:
        return Spot(name, entity.label, None, None, field)
    return Spot(name, entity.label, inside[0], inside[-1] + 1, field)


FORMAT = Format(
    name="gliner",
    help="GLiNER-relex's entities and relations, with the text: JSON lines.",
    suffixes=(".jsonl", ".json"),
    scores="probabilities",
    read=read,
    order=2,
)
