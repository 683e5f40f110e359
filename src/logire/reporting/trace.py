"""The way back from a result to the raw data: table, metrics, runs, corpus, each link checked by its digest."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.runfolder import Predicted
from logire.corpus.statistics import FILE, Statistics
from logire.ground.digests import file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import exists, read_object
from logire.ground.records import RUN, RunRecord
from logire.ground.typed import FileName, read_typed
from logire.reporting.kept import Kept
from logire.reporting.kept import read as read_kept
from logire.reporting.runs import KEPT
from logire.reporting.sources import LISTED, read_sources, sources_file

CORPUS = "corpus.json"
UNCHANGED, CHANGED, MISSING, UNKNOWN = "unchanged", "CHANGED", "MISSING", "not recorded"
"""What a link can be: the very bytes that were used; others; none; no digest was kept."""
NOT_KEPT = "not kept"
"""What a link from kept numbers is: they do not hold the file it leads to."""
_REMEDY = "give a table or figure, a metrics file, a run folder, kept numbers or a prepared corpus"


class _Scored(Struct):
    predictions: FileName
    predictions_digest: str


class _Metrics(Struct):
    """What a metrics file says of what was scored."""

    sources: _Scored


@dataclass
class Chain:
    """What stands behind a result.

    Attributes:
        made: the table's or figure's name, None where the chain starts further on.
        cell: the table's row in full, where one was asked for.
        results: the files of the table or figure itself: ``file``, ``sha256``, ``state``.
        files: what it was made from: ``file``, ``sha256``, ``state``, the file's facts and, of metrics, ``value`` and
            the state of the ``predictions`` scored.
        runs: the record of every run behind those, with its ``folder`` (of a kept run its name) and ``files_state``,
            the states of the files that it wrote, by name; of LogiRE's runs also ``logits_run`` and ``logits_state``,
            and ``folds_state``, one state for each out-of-fold dump.
        corpora: ``folder``, ``data_digest`` and ``state`` of each corpus behind those, and its ``corpus.json``.
        kept: folders of kept numbers that were read on the way.
    """

    made: str | None = None
    cell: dict[str, str] | None = None
    results: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    corpora: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[Path, dict[str, Kept]] = field(default_factory=dict, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """The chain as JSON values."""
        names = ("made", "cell", "results", "files", "runs", "corpora")
        return {name: getattr(self, name) for name in names}

    @property
    def changed(self) -> bool:
        """Whether anything is not what the result was made from."""
        links = (*self.results, *self.files, *self.runs, *self.corpora)
        states = [value for row in links for value in row.values()]
        states += [state for row in self.runs for state in row.get("folds_state", [])]
        states += [state for row in self.runs for state in row.get("files_state", {}).values()]
        return CHANGED in states


def trace(path: Path, *, metric: str = "f1", **wanted: str | None) -> Chain:
    """Follow a result back.

    Args:
        path: a file of a table or figure, metrics, a run's folder or any file in it, kept numbers, or a prepared
            corpus.
        metric: whose value to read from the metrics of each run.
        wanted: ``backbone``, ``method``, ``variant`` (empty: a method's own settings), ``split``, ``seed``: follow
            these only; None for all.

    Raises:
        InputError: nothing is known about ``path``, or no source is as wanted.
    """
    chain = Chain()
    chosen = {key: value for key, value in wanted.items() if value is not None}
    stem = path.with_name(path.name.removesuffix(LISTED)) if path.name.endswith(LISTED) else path
    listed = sources_file(stem if stem != path else path.with_suffix(""))
    if path.is_dir():
        _follow(chain, path, None, chosen)
    elif exists(listed):
        chain.made = listed.name.removesuffix(LISTED)
        chain.cell = _cell(listed.with_name(f"{chain.made}.csv"), {**chosen, "metric": metric})
        about = read_sources(listed)
        for name, digest in about.made.items():
            if exists(file := listed.with_name(name)):
                chain.results.append({"file": _shown(file), "sha256": digest, "state": _state(file, digest)})
        for row in about.sources:
            if _is_wanted(row, chosen):
                _add_file(chain, listed.parent.resolve() / row["file"], row, metric)
        if not chain.files:
            raise InputError(f"none of the sources is {' '.join(chosen.values())}", file=listed)
    elif exists(path):
        _add_file(chain, path.resolve(), {}, metric)
        if exists(path.parent / KEPT):
            _follow(chain, path.parent, None, chosen)
    else:
        raise InputError("does not exist", file=path, remedy=_REMEDY)
    if not (chain.made or chain.runs or chain.corpora):
        raise InputError(f"no {RUN} stands beside it", file=path, remedy=_REMEDY)
    return chain


def _is_wanted(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether a source is as wanted in all that is known of it; a run without a variant has a method's own settings."""
    known = {"variant": "", **row} if "seed" in row else row
    return all(str(known.get(key, value)) == value for key, value in wanted.items())


def _cell(table: Path, wanted: Mapping[str, str]) -> dict[str, str] | None:
    """The one row of a table's CSV that is as wanted, by the columns that it has."""
    if not exists(table):
        return None
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row.get(k) == v for k, v in wanted.items())]
    return rows[0] if len(rows) == 1 else None


def _add_file(chain: Chain, file: Path, facts: Mapping[str, Any], metric: str) -> None:
    row = {**facts, "file": _shown(file), "state": _state(file, facts.get("sha256"))}
    chain.files.append(row)
    if row["state"] == MISSING:
        return
    if "run" in facts:
        kept = _kept(chain, file.parent).get(facts["run"])
        if kept is None:
            raise InputError(f"holds no run {facts['run']}", file=file.parent, remedy="make the table or figure again")
        if facts.get("split") in kept.metrics:
            row["value"] = kept.metrics[facts["split"]].get(metric)
            row["predictions"] = NOT_KEPT
        _add_kept(chain, file.parent, kept)
        return
    if file.name.startswith("metrics"):
        scored = read_typed(file, _Metrics, remedy="evaluate the predictions again").sources
        row["value"] = read_object(file).get(metric)
        row["predictions"] = _state(file.parent / scored.predictions, scored.predictions_digest)
    if not exists(file.parent / KEPT):
        _follow(chain, file.parent, facts.get("data_digest"), {})


def _follow(chain: Chain, folder: Path, data: str | None, wanted: Mapping[str, str]) -> None:
    """Go on from the folder of a file: it is a run's, a corpus's, one of kept numbers, or none of these."""
    if exists(folder / RUN):
        _add_run(chain, folder)
    elif exists(folder / KEPT):
        for kept in _kept(chain, folder).values():
            if _is_wanted(kept.record.as_dict(), wanted):
                _add_kept(chain, folder, kept)
    elif exists(folder / FILE) or exists(folder / "rel2id.json"):
        _add_corpus(chain, folder.resolve(), data)


def _add_run(chain: Chain, folder: Path) -> None:
    """Add a run, the run whose logits it read, and their corpus; each once."""
    folder = folder.resolve()
    if any(row["folder"] == _shown(folder) for row in chain.runs):
        return
    record = RunRecord.read(folder)
    row = {"folder": _shown(folder), **record.as_dict()}
    chain.runs.append(row)
    written = record.files | {
        name: digest
        for split in SPLITS
        if (predicted := Predicted.read(folder, split)) is not None
        for name, digest in predicted.files.items()
    }
    row["files_state"] = {name: _state(folder / name, digest) for name, digest in written.items()}
    if record.logits is not None:
        logits = (folder / record.logits).resolve()
        row["logits_state"] = _state(logits, record.logits_digest)
        if exists(logits.parent / RUN):
            row["logits_run"] = _shown(logits.parent)
            _add_run(chain, logits.parent)
    if record.out_of_fold:
        row["folds_state"] = [_state((folder / dump.file).resolve(), dump.digest) for dump in record.out_of_fold]
    if record.documents is not None:
        _add_corpus(chain, (folder / record.documents).resolve(), record.data_digest)


def _kept(chain: Chain, folder: Path) -> dict[str, Kept]:
    """The kept runs of a folder by name, read once."""
    folder = folder.resolve()
    if folder not in chain.kept:
        chain.kept[folder] = {kept.name: kept for kept in read_kept(folder)}
    return chain.kept[folder]


def _add_kept(chain: Chain, folder: Path, kept: Kept) -> None:
    """Add a kept run, the kept run whose logits it read, and their corpus; each once.

    Paths in a record are seen from the run's folder: where it lay below ``runs``, beside the folder of the corpus.
    """
    if any(row["folder"] == kept.name for row in chain.runs):
        return
    record, place = kept.record, folder.resolve() / "runs" / kept.name
    row = {"folder": kept.name, **record.as_dict()}
    chain.runs.append(row)
    if record.logits is not None:
        row["logits_state"] = NOT_KEPT
        name = relative_path((place / record.logits).resolve().parent, folder.resolve() / "runs")
        if name in _kept(chain, folder):
            row["logits_run"] = name
            _add_kept(chain, folder, _kept(chain, folder)[name])
    if record.out_of_fold:
        row["folds_state"] = [NOT_KEPT] * len(record.out_of_fold)
    if record.documents is not None:
        _add_corpus(chain, (place / record.documents).resolve(), record.data_digest)


def _add_corpus(chain: Chain, folder: Path, digest: str | None) -> None:
    """Add the corpus a run was made on; once for each digest."""
    if any((row["folder"], row["data_digest"]) == (_shown(folder), digest) for row in chain.corpora):
        return
    now: str | None
    try:
        now = PreparedCorpus(folder).digest
        state = UNKNOWN if digest is None else UNCHANGED if now == digest else CHANGED
    except InputError:
        # Kept numbers hold the corpus's statistics, which name its digest, but no documents.
        statistics = folder / FILE
        now = Statistics.read(statistics).data_digest if exists(statistics) else None
        state = MISSING if now is None else NOT_KEPT if digest in (None, now) else CHANGED
    info = read_object(folder / CORPUS) if exists(folder / CORPUS) else {}
    chain.corpora.append({**info, "folder": _shown(folder), "data_digest": digest or now, "state": state})


def _state(file: Path, digest: str | None) -> str:
    if not exists(file):
        return MISSING
    if digest is None:
        return UNKNOWN
    return UNCHANGED if file_digest(file) == digest else CHANGED


def _shown(path: Path) -> str:
    """A path as seen from the current folder, where it lies below; else as it is."""
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
