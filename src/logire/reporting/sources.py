"""What a table or figure was made from: a list of files with their digests beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

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


class _Listed(TypedDict):
    sources: list[_Row]


def read_sources(file: Path) -> list[Mapping[str, Any]]:
    """The rows that :func:`write_sources` wrote.

    Raises:
        InputError: the file cannot be read, or is not such a list.
    """
    return list(read_typed(file, _Listed, remedy="make the table or figure again")["sources"])


def write_sources(stem: Path, sources: Sequence[Source]) -> None:
    """Write ``stem.sources.json``: every source with its path from there, its SHA-256 and its facts.

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
    write_json(to, {"sources": listed})
