"""A prepared corpus: the folder that ``logire prepare`` writes and every later step reads.

``DIR/{train,dev,test}.json`` in DocRED's format, ``rel2id.json`` and ``ner2id.json`` (DocRED's meta files, ``Na``
first), ``statistics.json``, and ``corpus.json`` (name, whether it is synthetic, what it was made from).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from logire.corpus.docred import read_docred, write_docred
from logire.corpus.document import Document, Schema, TrainingFacts, training_facts
from logire.corpus.gold import ANY, INVERSE, can_name
from logire.corpus.statistics import FILE, statistics
from logire.ground.digests import files_digest
from logire.ground.errors import InputError
from logire.ground.files import whole_folder, write_json
from logire.ground.typed import read_typed

log = logging.getLogger(__name__)

SPLITS = ("train", "dev", "test")
NA = "Na"
_REMEDY = "make the folder with `logire prepare`"


class _Info(Struct):
    """``corpus.json``, but for what the corpus was made from."""

    name: Annotated[str, Meta(min_length=1)]
    synthetic: bool


@dataclass(frozen=True)
class PreparedCorpus:
    """A prepared corpus on disk; splits are read on first use.

    Raises:
        InputError: the folder or one of its files is missing or broken.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> PreparedCorpus:
        path = Path(path)
        if not path.is_dir():
            raise InputError("is not a folder", file=path, remedy=_REMEDY)
        return cls(path)

    @cached_property
    def _info(self) -> _Info:
        file = self.path / "corpus.json"
        return read_typed(file, _Info, remedy=_REMEDY) if file.exists() else _Info(self.path.name, synthetic=False)

    @property
    def name(self) -> str:
        """The corpus's name; that of the folder where no ``corpus.json`` gives one."""
        return self._info.name

    @property
    def synthetic(self) -> bool:
        """Whether the corpus is generated, so that no number on it compares with the paper's."""
        return self._info.synthetic

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what a run depends on: the documents of all splits, the relations and the types."""
        return _digest(self.path)

    @cached_property
    def schema(self) -> Schema:
        file = self.path / "rel2id.json"
        schema = Schema(read_relations(file), tuple(read_indices(self.path / "ner2id.json")))
        _check_names(schema, file)
        return schema

    def documents(self, split: str) -> tuple[Document, ...]:
        """The documents of ``train``, ``dev`` or ``test``."""
        if split not in SPLITS:
            raise InputError(f"unknown split {split!r}", file=self.path, remedy=f"one of {', '.join(SPLITS)}")
        return getattr(self, split)  # type: ignore[no-any-return]

    @cached_property
    def train(self) -> tuple[Document, ...]:
        return self._read("train")

    @cached_property
    def dev(self) -> tuple[Document, ...]:
        return self._read("dev")

    @cached_property
    def test(self) -> tuple[Document, ...]:
        return self._read("test")

    @property
    def texts(self) -> tuple[Document, ...]:
        """The documents whose words a model with frozen vectors must know: all of them."""
        return (*self.train, *self.dev, *self.test)

    @cached_property
    def training_facts(self) -> TrainingFacts:
        """(head name, tail name) -> relations of the training facts, for the two ign F1 metrics."""
        return training_facts(self.train)

    @property
    def has_training_documents(self) -> bool:
        """Whether there are training documents: new documents to predict on come without."""
        return (self.path / "train.json").exists()

    def _read(self, split: str) -> tuple[Document, ...]:
        file = self.path / f"{split}.json"
        if not file.exists():
            raise InputError("does not exist", file=file, remedy=_REMEDY)
        schema = self.schema
        return tuple(read_docred(file, relations=schema.relation_index, types=schema.type_index))


@dataclass(frozen=True)
class NewDocuments(PreparedCorpus):
    """One file of documents to predict on, in DocRED's format; every split asked for is all of it.

    Attributes:
        like: the relations and types of the model.
    """

    like: Schema

    @property
    def schema(self) -> Schema:
        return self.like

    @property
    def has_training_documents(self) -> bool:
        return False

    def documents(self, split: str) -> tuple[Document, ...]:
        schema = self.schema
        return tuple(read_docred(self.path, relations=schema.relation_index, types=schema.type_index))


def read_indices(path: str | Path) -> list[str]:
    """The names of a ``rel2id.json`` or ``ner2id.json``, in the order of their numbers.

    Raises:
        InputError: the file is not an object of name -> number, or the numbers are not 0, 1, 2, ...
    """
    value = read_typed(path, dict[str, int])
    if sorted(value.values()) != list(range(len(value))) or not value:
        raise InputError(f"the numbers must be 0 to {max(len(value) - 1, 0)}, each once", file=path)
    return sorted(value, key=lambda name: value[name])


def read_relations(path: str | Path) -> tuple[str, ...]:
    """The relations of a ``rel2id.json``, in order, without :data:`NA`.

    Raises:
        InputError: as for :func:`read_indices`.
    """
    return tuple(name for name in read_indices(path) if name != NA)


def write_prepared(
    path: str | Path,
    splits: Mapping[str, list[Document]],
    schema: Schema,
    *,
    name: str,
    synthetic: bool,
    source: Mapping[str, Any] | None = None,
) -> None:
    """Write a prepared corpus; the folder appears whole or not at all.

    Args:
        source: what it is made from and how, as JSON values: digests and choices, no paths; None if not known.

    Raises:
        InputError: a split is missing or empty, or a relation has a name that rules cannot carry.
    """
    path = Path(path)
    _check_splits(splits, path)
    _check_names(schema, path)
    with whole_folder(path) as temporary:
        for split in SPLITS:
            write_docred(temporary / f"{split}.json", splits[split])
        write_json(temporary / "rel2id.json", {r: i for i, r in enumerate((NA, *schema.relations))})
        write_json(temporary / "ner2id.json", schema.type_index)
        write_json(temporary / "corpus.json", {"name": name, "synthetic": synthetic, "source": source})
        counts = statistics(splits, schema, name=name, synthetic=synthetic)
        write_json(temporary / FILE, counts | {"data_digest": _digest(temporary)})


def _check_splits(splits: Mapping[str, list[Document]], path: Path) -> None:
    for split in SPLITS:
        if not splits.get(split):
            raise InputError(f"the {split} split has no document", file=path)
    for one, other in combinations(SPLITS, 2):
        texts = {document.title: document.tokens for document in splits[one]}
        shared = [d.title for d in splits[other] if texts.get(d.title) == d.tokens]
        if shared:
            # Not an error: DocRED itself has one document in dev and in test.
            log.warning("%s: %s also in %s: %s", path, _count(shared, other), one, ", ".join(shared[:3]))


def _count(titles: list[str], split: str) -> str:
    return f"1 document of {split} is" if len(titles) == 1 else f"{len(titles)} documents of {split} are"


def _check_names(schema: Schema, file: Path) -> None:
    """Refuse a relation whose name would read as something else in ``head <- atom ^ ~atom``."""
    for name in schema.relations:
        if name == NA or not can_name(name):
            raise InputError(
                f"no relation can have the name {name!r}",
                file=file,
                field="rel2id",
                remedy=f"rename it: not {NA} or {ANY}, no {INVERSE} or # in front, no ^, <- or line break inside",
            )


def _digest(folder: Path) -> str:
    return files_digest(folder, (f"{name}.json" for name in (*SPLITS, "rel2id", "ner2id")))
