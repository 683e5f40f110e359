"""What a table or figure was made from: a list of files with their digests beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta, Struct

from logire.corpus.prepared import PreparedCorpus
from logire.ground.digests import file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.records import RunRecord
from logire.ground.typed import FileName, read_typed

Fact = str | int | None
LISTED = ".sources.json"
"""The ending of the list, after the name of the table or figure."""


@dataclass(frozen=True)
class Source:
    """A file that numbers were taken from.

    Attributes:
        facts: what is known of it: ``data_digest`` and, of a run's file, ``backbone``, ``method``, ``variant``,
            ``seed``, ``split`` and ``params_digest``; of kept numbers also ``run``, the run's name there.
    """

    file: Path
    facts: Mapping[str, Fact] = field(default_factory=dict)


def run_source(file: Path) -> Source:
    """A file of a run folder; the ``run.json`` beside it, if there is one, says which run it is."""
    record = RunRecord.beside(file)
    run = record.as_dict() if record else {}
    keys = ("backbone", "method", "variant", "seed", "params_digest", "data_digest")
    return Source(file, {key: run[key] for key in keys if key in run})


def corpus_sources(corpus: PreparedCorpus, splits: Sequence[str]) -> list[Source]:
    """The documents of some splits of a corpus."""
    return [Source(corpus.path / f"{split}.json", {"data_digest": corpus.digest}) for split in splits]


def sources_file(stem: Path) -> Path:
    """Where the sources of ``stem.csv``, ``stem.md`` and so on are listed."""
    return stem.with_name(f"{stem.name}{LISTED}")


_Name = Annotated[str, Meta(pattern=r"^[^/\x00]+$")]


class _Row(TypedDict):
    file: FileName
    sha256: NotRequired[str | None]
    backbone: NotRequired[str | None]
    method: NotRequired[str | None]
    variant: NotRequired[str | None]
    seed: NotRequired[int | None]
    split: NotRequired[str | None]
    params_digest: NotRequired[str | None]
    data_digest: NotRequired[str | None]
    run: NotRequired[str | None]


class Listed(Struct):
    """What :func:`write_sources` wrote.

    Attributes:
        sources: every source: ``file``, ``sha256`` and its facts.
        made: name -> SHA-256 of the files that the table or figure consists of; earlier versions did not list them.
    """

    sources: list[_Row]
    made: dict[_Name, str] = {}


def read_sources(file: Path) -> Listed:
    """Read a ``stem.sources.json``.

    Raises:
        InputError: the file cannot be read, or is not such a list.
    """
    return read_typed(file, Listed, remedy="make the table or figure again")


def write_sources(stem: Path, sources: Sequence[Source], made: Sequence[str] = ()) -> None:
    """Write ``stem.sources.json``: every source with its path from there, its SHA-256 and its facts.

    Args:
        made: the endings of the files that were made, such as ``csv``; they are there by now.

    Raises:
        InputError: there is no source, or one cannot be read.
    """
    if not sources:
        raise InputError("no input file was given", remedy="name at least one file")
    to = sources_file(stem)
    # Many runs may share one file of kept numbers.
    digests = {file: file_digest(file) for file in {source.file: None for source in sources}}
    rows = [
        {"file": relative_path(source.file, to.parent), "sha256": digests[source.file], **source.facts}
        for source in sources
    ]
    listed = list({tuple(row.items()): row for row in rows}.values())
    listed.sort(key=lambda row: [str(row.get(key, "")) for key in ("file", "run", "split")])
    files = [stem.with_name(f"{stem.name}.{ending}") for ending in made]
    write_json(to, {"sources": listed, "made": {file.name: file_digest(file) for file in files}})
