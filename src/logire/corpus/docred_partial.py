"""A part of DocRED that public copies allow, and Re-DocRED over the very same documents.

DocRED's own train and dev files have no address that can be pinned; parts of them do. Together they give

* training: 424 of the 3,053 training documents with their original labels (the first 200, and the 236 training
  documents among the 300 of the joint entity and relation extraction split, 12 of them twice);
* development and test: the 985 of DocRED's 1,000 development documents whose original labels are at hand as triples
  of names, divided as Re-DocRED divides them into dev (492) and test (493).

``docred-partial`` has the original labels throughout, ``redocred-partial`` the revised ones of Re-DocRED (Tan et al.
2022) in dev and test, over the same documents and entities (Re-DocRED's) and the same training data. Numbers on either
compare with each other, not with numbers on DocRED or Re-DocRED.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Literal

from logire.corpus.docred import read_docred
from logire.corpus.document import Document, Fact, Schema
from logire.corpus.prepared import NA, read_indices, write_prepared
from logire.ground.digests import tree_digest
from logire.ground.errors import InputError
from logire.ground.files import read_json

TRAIN = ("docred/train_first_200", "docred/jerex_dev_joint_300")
TRIPLES = "docred/dev_triples_by_name_985"
REVISED = {"dev": "redocred/dev_revised", "test": "redocred/test_revised"}
_REMEDY = "bring the files with logire.corpus.fetch.fetch_docred_partial"

NamedTriple = tuple[str, str, str]
"""(head name, tail name, relation)."""


def prepare_docred_partial(raw: Path, out: Path, *, labels: Literal["original", "revised"]) -> None:
    """Prepare ``docred-partial`` (original labels) or ``redocred-partial`` (revised labels in dev and test).

    Args:
        raw: the folder with ``docred/`` and ``redocred/`` that
            :func:`logire.corpus.fetch.fetch_docred_partial` makes; files may be gzipped.

    Raises:
        InputError: a file is missing or broken, or a name resolves to no entity; nothing is written then.
    """
    raw = Path(raw)
    relations = tuple(name for name in read_indices(_find(raw, "docred/rel2id")) if name != NA)
    schema = Schema(relations, tuple(read_indices(_find(raw, "docred/ner2id"))))

    def read(name: str) -> list[Document]:
        return read_docred(_find(raw, name), relations=schema.relation_index, types=schema.type_index)

    revised = {split: read(name) for split, name in REVISED.items()}
    held_out = {document.title for documents in revised.values() for document in documents}
    train = {document.title: document for name in TRAIN for document in read(name) if document.title not in held_out}
    triples = _read_triples(_find(raw, TRIPLES), _find(raw, "docred/rel_info"))
    splits = {"train": list(train.values())}
    for split, documents in revised.items():
        known = [document for document in documents if _text(document) in triples]
        splits[split] = known if labels == "revised" else [_original(d, triples[_text(d)], raw) for d in known]
    name = {"original": "docred-partial", "revised": "redocred-partial"}[labels]
    source = {"kind": name, "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=name, synthetic=False, source=source)


def resolve_triples(document: Document, triples: Iterable[NamedTriple]) -> list[Fact]:
    """Facts from triples of names, each fact once, in the order of the triples.

    A name means the entities whose first mention has it, or, where there are none, those with any mention of that
    name. A triple may then fit several pairs of distinct entities. It is given once for each fact it stands for, so

    * if it occurs as often as there are pairs, or more often, each pair is one of its facts;
    * else, of the pairs, those come first that carry this relation in ``document.facts`` (the revised labels, which
      keep most original ones), then the first in the order of the entities.

    A triple that fits only one entity with itself is dropped: Re-DocRED merged the two entities it was about.

    Raises:
        InputError: no entity has the name.
    """
    revised = {(fact.head, fact.tail, fact.relation) for fact in document.facts}
    facts: dict[Fact, None] = {}
    for (head, tail, relation), times in Counter(triples).items():
        pairs = [(h, t) for h, t in product(_named(document, head), _named(document, tail)) if h != t]
        pairs.sort(key=lambda pair: (*pair, relation) not in revised)
        facts.update((Fact(h, relation, t), None) for h, t in pairs[:times])
    return list(facts)


def _original(document: Document, triples: Sequence[NamedTriple], raw: Path) -> Document:
    try:
        return replace(document, facts=tuple(resolve_triples(document, triples)))
    except InputError as error:
        raise InputError(error.problem, file=raw / TRIPLES, document=document.title, field=error.field) from error


def _named(document: Document, name: str) -> list[int]:
    first = [i for i, entity in enumerate(document.entities) if entity.name == name]
    found = first or [i for i, entity in enumerate(document.entities) if name in entity.names]
    if not found:
        raise InputError("no entity has this name", document=document.title, field=name)
    return found


def _text(document: Document) -> str:
    """The text that the triples are filed under: tokens and sentences with one space between."""
    return " ".join(" ".join(document.tokens).split())


def _read_triples(path: Path, names: Path) -> dict[str, list[NamedTriple]]:
    """Text -> triples, with relations by their ids.

    Args:
        names: ``rel_info.json``, relation id -> name.
    """
    value, relation_names = read_json(path), read_json(names)
    if not isinstance(value, dict) or not isinstance(relation_names, Mapping):
        raise InputError("an object of text -> triples was expected", file=path, remedy=_REMEDY)
    ids = {name: relation for relation, name in relation_names.items()}
    found: dict[str, list[NamedTriple]] = {}
    for number, (text, triples) in enumerate(value.items()):
        try:
            found[" ".join(text.split())] = [(head, tail, ids[relation]) for head, tail, relation in triples]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is no triple of names ({error!r})", file=path, field=f"text {number}") from error
    return found


def _find(raw: Path, stem: str) -> Path:
    for path in (raw / f"{stem}.json", raw / f"{stem}.json.gz"):
        if path.exists():
            return path
    raise InputError("does not exist", file=raw / f"{stem}.json", remedy=_REMEDY)


def docred_relation_names() -> dict[str, str]:
    """DocRED's relations, such as ``P17``, and what Wikidata calls them."""
    return dict(read_json(Path(__file__).parent / "data" / "docred_rel_info.json"))
