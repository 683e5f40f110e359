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

from logire.corpus.docred import read_docred
from logire.corpus.document import Document, Fact, Schema
from logire.corpus.fetch import Progress, Release, fetch_releases
from logire.corpus.prepared import read_indices, read_relations, write_prepared
from logire.corpus.sources.registry import NoOptions, Source
from logire.ground.digests import tree_digest
from logire.ground.errors import InputError
from logire.ground.typed import read_typed

TRAIN = ("docred/train_first_200", "docred/jerex_dev_joint_300")
TRIPLES = "docred/dev_triples_by_name_985"
REVISED = {"dev": "redocred/dev_revised", "test": "redocred/test_revised"}
FILES = tuple(f"{stem}.json" for stem in (*TRAIN, TRIPLES, *REVISED.values()))
_REMEDY = "bring the files with `logire fetch docred-partial`"

RELATIONS, TYPES, RELATION_NAMES = "docred/rel2id", "docred/ner2id", "docred/rel_info"
"""DocRED's own lists."""

NamedTriple = tuple[str, str, str]
"""(head name, tail name, relation)."""


def prepare(raw: Path, out: Path, options: NoOptions) -> None:
    """Prepare ``docred-partial``, see :func:`prepare_partial`."""
    prepare_partial(raw, out, name="docred-partial", revised=False)


def prepare_partial(raw: Path, out: Path, *, name: str, revised: bool) -> None:
    """Prepare the partial DocRED, or the partial Re-DocRED over the same documents.

    Args:
        raw: the folder with ``docred/`` and ``redocred/`` that :func:`fetch_docred_partial` makes; files may be
            gzipped.
        name: of the corpus.
        revised: take the labels of Re-DocRED in dev and test.

    Raises:
        InputError: a file is missing or broken, or a name resolves to no entity; nothing is written then.
    """
    splits, schema = partial_splits(raw, revised=revised)
    made_from = {"kind": name, "raw_digest": tree_digest(raw)}
    write_prepared(out, splits, schema, name=name, synthetic=False, source=made_from)


def partial_splits(raw: Path, *, revised: bool) -> tuple[dict[str, list[Document]], Schema]:
    """The documents of each split of ``docred-partial`` or, ``revised``, of ``redocred-partial``, and their schema.

    Args, errors: as for :func:`prepare_partial`.
    """
    schema = docreds_schema(raw)
    held_out = {split: read_file(raw, stem, schema) for split, stem in REVISED.items()}
    titles = {document.title for documents in held_out.values() for document in documents}
    labelled = [document for stem in TRAIN for document in read_file(raw, stem, schema)]
    train = {document.title: document for document in labelled if document.title not in titles}
    triples = _read_triples(find_file(raw, TRIPLES), find_file(raw, RELATION_NAMES))
    splits = {"train": list(train.values())}
    for split, documents in held_out.items():
        known = [document for document in documents if _text(document) in triples]
        splits[split] = known if revised else [_original(d, triples[_text(d)], raw) for d in known]
    return splits, schema


def docreds_schema(raw: Path) -> Schema:
    """The relations and types of DocRED's own lists.

    Args:
        raw: as for :func:`prepare_partial`.

    Raises:
        InputError: a list is missing or broken.
    """
    return Schema(read_relations(find_file(raw, RELATIONS)), tuple(read_indices(find_file(raw, TYPES))))


def read_file(raw: Path, stem: str, schema: Schema) -> list[Document]:
    """The documents of one file, in its order.

    Args:
        raw: as for :func:`prepare_partial`.
        stem: the file's name without its ending, such as ``redocred/dev_revised``.

    Raises:
        InputError: the file is missing or broken.
    """
    return read_docred(find_file(raw, stem), relations=schema.relation_index, types=schema.type_index)


def resolve_triples(document: Document, triples: Iterable[NamedTriple]) -> list[Fact]:
    """Facts from triples of names, each fact once, in the order of the triples.

    A name means the entities whose first mention has it; if there are none, those with any mention of that name. A
    triple may then fit several pairs of distinct entities. It is given once for each fact it stands for, so

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
    ids = {name: relation for relation, name in read_typed(names, dict[str, str]).items()}
    found: dict[str, list[NamedTriple]] = {}
    for number, (text, triples) in enumerate(read_typed(path, dict[str, list[NamedTriple]], remedy=_REMEDY).items()):
        unknown = [relation for _, _, relation in triples if relation not in ids]
        if unknown:
            raise InputError(f"unknown relation {unknown[0]!r}", file=path, field=f"text {number}", remedy=_REMEDY)
        found[" ".join(text.split())] = [(head, tail, ids[relation]) for head, tail, relation in triples]
    return found


def check(raw: Path | None, options: NoOptions) -> None:
    """Refuse a folder that lacks a file."""
    del options
    if raw is not None:
        for stem in (RELATIONS, TYPES, RELATION_NAMES, *TRAIN, TRIPLES, *REVISED.values()):
            find_file(raw, stem)


def find_file(raw: Path, stem: str) -> Path:
    """The file of this name, plain or gzipped.

    Args:
        raw: as for :func:`prepare_partial`.
        stem: the name without its ending.

    Raises:
        InputError: there is none.
    """
    for path in (raw / f"{stem}.json", raw / f"{stem}.json.gz"):
        if path.exists():
            return path
    raise InputError("does not exist", file=raw / f"{stem}.json", remedy=_REMEDY)


def fetch_docred_partial(
    out: Path,
    base_url: str | None = None,
    progress: Progress | None = None,
    *,
    releases: Mapping[str, Release] | None = None,
) -> None:
    """Fetch what :func:`prepare_partial` reads: ``OUT/docred`` and ``OUT/redocred``.

    Args, errors: as for :func:`logire.corpus.fetch.fetch_releases`.
    """
    fetch_releases({name: out / name for name in FILES}, out / "docred", base_url, progress, releases)


SOURCE = Source(
    name="docred-partial",
    help="The public parts of DocRED (424 / 492 / 493 documents), with its original labels.",
    titles={"docred-partial": "DocRED (part)"},
    form="docred",
    prepare=prepare,
    order=4,
    raw="The folder with docred/ and redocred/ that `logire fetch docred-partial` makes.",
    fetched="data/docred-partial",
    fetch=fetch_docred_partial,
    check=check,
)
