"""spaCy's documents with relations, as its relation tutorial's component writes them: a ``DocBin`` file.

The extension ``rel`` of a ``Doc`` holds {(start of head, start of tail): {relation: score}}, where the starts are the
first tokens of entities in ``doc.ents``. The file must be written with ``DocBin(store_user_data=True)``. A document's
title is ``doc.user_data["title"]``, or else its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from logire.adapters.entities import Spot, gather
from logire.adapters.registry import Format, Source
from logire.adapters.scores import Adapted, Best
from logire.ground.errors import InputError
from logire.ground.extras import extras
from logire.ground.files import read_bytes
from logire.ground.imports import without

if TYPE_CHECKING:
    from spacy.tokens import Doc

_EXTENSION = ("._.", "rel", None, None)
"""Where a Doc keeps the extension ``rel``."""


def read(source: Source) -> Iterator[Adapted]:
    """The documents of a file.

    Raises:
        InputError: spaCy is not installed, the file is damaged, or a document has no relations, or wrong ones.
    """
    with extras(), without("torch"):
        import spacy
        from spacy.tokens import DocBin
    data = read_bytes(source.path)
    try:
        documents = list(DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab))
    except Exception as error:  # what spaCy raises on damaged bytes differs by where they are damaged
        problem = f"is not a DocBin file that can be read ({type(error).__name__})"
        remedy = "write it with DocBin(docs=..., store_user_data=True).to_disk(...)"
        raise InputError(problem, file=source.path, remedy=remedy) from error
    if not documents:
        raise InputError("holds no document", file=source.path, remedy="add documents to the DocBin")
    for number, doc in enumerate(documents):
        yield _adapted(source, str(doc.user_data.get("title", number)), doc)


def _adapted(source: Source, title: str, doc: Doc) -> Adapted:
    data: Mapping[Any, Any] = doc.user_data
    relations = data.get(_EXTENSION, data.get("rel"))
    if not isinstance(relations, Mapping):
        problem = "has no relations" if relations is None else f"holds {type(relations).__name__}, not relations"
        remedy = "run the relation component first, and write DocBin(store_user_data=True)"
        raise InputError(problem, file=source.path, document=title, field="doc._.rel", remedy=remedy)
    spots = [Spot(e.text, e.label_, e.start, e.end, f"doc.ents[{i}]") for i, e in enumerate(doc.ents)]
    if doc.has_annotation("SENT_START"):
        sentences = tuple(tuple(token.text for token in sentence) for sentence in doc.sents)
    else:
        sentences = (tuple(token.text for token in doc),) if len(doc) else ()
    found = gather(source, title, sentences, spots, None)
    places = {spot.start: m for m, spot in enumerate(spots)}
    best = Best(source.options.leave_out)
    for pair, scores in relations.items():
        for start in _pair(source, title, pair, scores):
            if start not in places:
                problem, remedy = (
                    f"no entity of doc.ents starts at token {start}",
                    "keep doc.ents as the component had them",
                )
                field = f"doc._.rel[{pair}]"
                raise InputError(problem, file=source.path, document=title, field=field, remedy=remedy)
        head, tail = (found.entity[places[start]] for start in pair)
        for relation, score in scores.items():
            value = source.logit(float(score), title, f"doc._.rel[{pair}][{relation!r}]")
            best.add(head, relation, tail, value)
    best.notes.update(found.notes)
    return best.of(found.document)


def _pair(source: Source, title: str, pair: Any, scores: Any) -> tuple[int, int]:
    right = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(start, int) for start in pair)
    numbers = isinstance(scores, Mapping) and all(
        isinstance(name, str) and hasattr(score, "__float__") for name, score in scores.items()
    )
    if right and numbers:
        return pair[0], pair[1]
    problem, remedy = f"{pair!r}: {scores!r} is not a pair's scores", "{(head start, tail start): {relation: score}}"
    raise InputError(problem[:200], file=source.path, document=title, field="doc._.rel", remedy=f"it must be {remedy}")


FORMAT = Format(
    name="spacy",
    help="spaCy documents with relations in doc._.rel: a DocBin file.",
    suffixes=(".spacy",),
    scores="probabilities",
    read=read,
    order=5,
)
