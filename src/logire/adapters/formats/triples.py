"""Triples of names, with or without a confidence, as REBEL or a language model gives them: JSON lines.

A line is one triple, or all triples that one sample of the model gave for a document::

    {"document": title, "head": str, "relation": str, "tail": str, "score": 0.9}        # REBEL's "type" is read too
    {"document": title, "text": str, "sample": 2, "triples": [{"head": str, "relation": str, "tail": str}, ...]}

``score``, ``sample``, ``text``, ``head_type`` and ``tail_type`` may be missing. The score of a triple is

- its own, where the document has one sample and the triple a score;
- else (s + 1/2) / (k + 1), where k is the number of samples and s the sum of their scores for it (1 for a triple
  without a score, 0 where a sample lacks it): votes of few samples are trusted less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct

from logire.adapters.entities import Found, Spot, gather, same_name, tokens_of
from logire.adapters.lines import records
from logire.adapters.registry import Format, Source
from logire.adapters.scores import NO_TEXT, Adapted, Best, Place, as_logit
from logire.ground.errors import InputError

UNTYPED = "entity"
"""The type of an entity whose type nobody says."""
NOT_IN_TEXT = "entities whose name is not in the text"


class _Triple(Struct):
    head: str
    tail: str
    relation: str | None = None
    type: str | None = None
    score: float | None = None
    head_type: str | None = None
    tail_type: str | None = None


class _Line(Struct):
    document: str
    triples: list[_Triple] | None = None
    text: str | None = None
    sample: int | str | None = None
    head: str | None = None
    tail: str | None = None
    relation: str | None = None
    type: str | None = None
    score: float | None = None
    head_type: str | None = None
    tail_type: str | None = None


@dataclass
class _Collected:
    """What the lines of a file say of one document."""

    text: str | None = None
    samples: set[object] = field(default_factory=set)
    triples: list[tuple[object, _Triple, str]] = field(default_factory=list)
    """Sample, triple, and where it stands."""


def vote(scores: list[float | None], samples: int) -> float:
    """The score of a triple from those of the samples that have it; see above."""
    if samples == 1 and scores[0] is not None:
        return scores[0]
    return (sum(1.0 if score is None else score for score in scores) + 0.5) / (samples + 1)


def read(source: Source) -> Iterator[Adapted]:
    """The documents of a file, in the order in which they first occur.

    Raises:
        InputError: a line has another form, a name is empty, a score is not a probability, or a given document lacks
            a name.
    """
    if source.options.scores == "logits":
        problem, remedy = "votes are made of probabilities, not of logits", "leave out --scores logits"
        raise InputError(problem, file=source.path, field="--scores", remedy=remedy)
    for title, collected in _collect(source).items():
        yield _adapted(source, title, collected)


def _collect(source: Source) -> dict[str, _Collected]:
    found: dict[str, _Collected] = {}
    for number, line in records(source, _Line, title="document"):
        one = found.setdefault(line.document, _Collected())
        one.text = one.text or line.text
        where = f"line {number + 1}"
        if line.triples is not None:
            sample: object = ("line", number) if line.sample is None else line.sample
            named = [(triple, f"{where}, triples[{i}]") for i, triple in enumerate(line.triples)]
        else:
            sample = line.sample
            parts = (line.relation, line.type, line.score, line.head_type, line.tail_type)
            named = [(_Triple(line.head or "", line.tail or "", *parts), where)]
        one.samples.add(sample)
        for triple, place in named:
            _check(source, line.document, triple, place)
            one.triples.append((sample, triple, place))
    return found


def _check(source: Source, title: str, triple: _Triple, where: str) -> None:
    parts = {"head": triple.head, "relation": triple.relation or triple.type, "tail": triple.tail}
    for key, value in parts.items():
        if not (value or "").strip():
            remedy = "a triple is {'head': name, 'relation': name, 'tail': name}, with a score if there is one"
            raise InputError("is missing", file=source.path, document=title, field=f"{where}, {key}", remedy=remedy)
    if triple.score is not None:
        place = Place(source.path, title, f"{where}, score")
        as_logit(triple.score, probabilities=True, floor=source.options.floor, place=place)


def _adapted(source: Source, title: str, collected: _Collected) -> Adapted:
    found, numbers = _entities(source, title, collected)
    # (head, relation, tail) -> sample -> its highest score, None where it gave none
    votes: dict[tuple[int, str, int], dict[object, float | None]] = {}
    best = Best(source.options.leave_out)
    for sample, triple, _ in collected.triples:
        head, tail = (found.entity[numbers[same_name(name)]] for name in (triple.head, triple.tail))
        if head is None or tail is None:
            continue
        scores = votes.setdefault((head, (triple.relation or triple.type or "").strip(), tail), {})
        before = scores.get(sample, 0.0)
        scores[sample] = None if triple.score is None or before is None else max(triple.score, before)
    samples = max(len(collected.samples), source.options.samples or 1)
    for (head, relation, tail), scores in votes.items():
        place = Place(source.path, title, "score")
        score = vote(list(scores.values()), samples)
        value = as_logit(score, probabilities=True, floor=source.options.floor, place=place)
        best.add(head, relation, tail, value)
    best.notes.update(found.notes)
    return best.of(found.document)


def _entities(source: Source, title: str, collected: _Collected) -> tuple[Found, dict[str, int]]:
    """The document, and for each name one of its mentions: an entity is mentioned wherever the text has its name."""
    kinds: dict[str, tuple[str, str | None, str]] = {}  # name, type, field
    for _, triple, where in collected.triples:
        for key, name, kind in (("head", triple.head, triple.head_type), ("tail", triple.tail, triple.tail_type)):
            first = kinds.setdefault(same_name(name), (name.strip(), kind, f"{where}, {key}"))
            if first[1] is None and kind is not None:
                kinds[same_name(name)] = (first[0], kind, first[2])
    if source.given is not None:
        spots = [Spot(name, kind or UNTYPED, None, None, place) for name, kind, place in kinds.values()]
        return gather(source, title, (), spots, None), {key: i for i, key in enumerate(kinds)}
    words = [token for token, _, _ in tokens_of(collected.text or "")]
    folded = [word.casefold() for word in words]
    sentences, spots, numbers, notes = [tuple(words)] if words else [], [], {}, Counter[str]()
    for key, (name, kind, where) in kinds.items():
        own = [token for token, _, _ in tokens_of(name)] or [name]
        size, sought = len(own), [word.casefold() for word in own]
        starts = [i for i in range(len(folded) - size + 1) if folded[i : i + size] == sought]
        if not starts:  # DocRED's format wants each mention in a sentence: the name is a sentence of its own
            starts = [sum(map(len, sentences))]
            sentences.append(tuple(own))
            notes[NOT_IN_TEXT] += bool(words)
        numbers[key] = len(spots)
        spots += [Spot(name, kind or UNTYPED, start, start + size, where) for start in starts]
    found = gather(source, title, tuple(sentences), spots, None)
    notes[NO_TEXT] += not words
    notes.update(found.notes)
    return Found(found.document, found.entity, +notes), numbers


FORMAT = Format(
    name="triples",
    help="Triples of names from REBEL or a language model, with scores or votes: JSON lines.",
    suffixes=(".jsonl", ".json"),
    scores="probabilities",
    read=read,
    order=4,
)
