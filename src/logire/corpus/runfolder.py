"""A run's folder: which files a run writes there, how it makes room for the next run, and whose predictions it holds.

``run.json`` lists the digests of the files that were written with it. Predictions of a fitted method come later:
``predicted-SPLIT.json`` says from which model and which logits they were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import exists, read_json, write_json
from logire.ground.records import RUN, RunRecord

MODEL, LOGITS, SETTINGS = "model.safetensors", "logits.safetensors", "settings.json"
HISTORY, RULES, VOCABULARY, ENCODER = "history.csv", "rules.csv", "vocabulary.json", "encoder"
FORMER = "extractor.safetensors"
"""The file that earlier versions wrote instead of a fitted method's model."""
PAGE = "explanations.html"
"""The page that `logire browse` makes of a run."""
CONSTRAINED = "constrained"
"""The folder in a run's for predictions that obey constraints: they are not the run's own."""
WRITTEN = (MODEL, LOGITS, SETTINGS, HISTORY, RULES, VOCABULARY, ENCODER, FORMER)
"""What runs write before ``run.json``, beside predictions."""

_OTHER = {
    "params_digest": "other settings",
    "data_digest": "other documents",
    "logits_digest": "other logits",
    "out_of_fold": "other out-of-fold logits",
}
_SAME = ("method", "backbone", "variant", "seed", "fold", "folds", *_OTHER)
"""The fields of a record in which a run that is asked for again is equal."""


def predictions_name(split: str) -> str:
    """The file of a run's predictions."""
    return f"predictions-{split}.json"


def explanations_name(split: str) -> str:
    """The file of the reasons behind them."""
    return f"explanations-{split}.jsonl"


def changes_name(split: str) -> str:
    """The file of what constraints changed in predictions."""
    return f"constraints-{split}.json"


def metrics_name(split: str) -> str:
    """The file of what was measured on them."""
    return f"metrics-{split}.json"


class Predicted(BaseModel):
    """``predicted-SPLIT.json``: what the predictions of a fitted method were made from.

    Attributes:
        files: name -> SHA-256 of the predictions and of the explanations.
        model_digest, logits_digest: SHA-256 of the model and of the logits.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    files: dict[str, str]
    model_digest: str
    logits_digest: str

    @classmethod
    def name(cls, split: str) -> str:
        return f"predicted-{split}.json"

    @classmethod
    def read(cls, folder: Path, split: str) -> Predicted | None:
        """The record of one split; None where there is none, or a damaged one."""
        file = folder / cls.name(split)
        if not file.exists():
            return None
        try:
            return cls.model_validate(read_json(file))
        except (InputError, ValidationError):
            return None

    @classmethod
    def write(cls, folder: Path, split: str, record: RunRecord, logits: Path) -> None:
        """Record the predictions of one split, once they are written."""
        names = (predictions_name(split), explanations_name(split))
        predicted = cls(
            files={name: file_digest(folder / name) for name in names},
            model_digest=record.files.get(MODEL) or file_digest(folder / MODEL),
            logits_digest=file_digest(logits),
        )
        write_json(folder / cls.name(split), predicted.model_dump())


def begin_run(folder: Path, run: Mapping[str, Any], *, reads: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Make room for a run: remove what an earlier one left, its ``run.json`` first.

    Checkpoints stay, for a killed run goes on from them; so does every file that no run writes. In a folder without
    ``run.json`` only metrics go, and predictions that a run says are its own: the other files are this run's to write.

    Args:
        run: the fields of the record that this run will write.
        reads: files that this run reads.
        overwrite: whether a finished run may be removed that is not this one.

    Raises:
        InputError: the folder holds another finished run, or a file that this run reads would be removed.
    """
    finished = (folder / RUN).exists()
    if finished and not overwrite:
        _refuse_another(folder, RunRecord(**run))
    gone = sorted({*_derived(folder), *(_of_a_finished_run(folder) if finished else ())})
    kept = {file.resolve() for file in reads}
    for file in gone:
        if file.resolve() in kept:
            raise InputError(
                "would be removed, for it belongs to the run in that folder, but is read by the new one",
                file=file,
                remedy="choose another folder: --out",
            )
    (folder / RUN).unlink(missing_ok=True)
    for file in gone:
        file.unlink(missing_ok=True)
        if file.parent != folder:
            with suppress(OSError):
                file.parent.rmdir()  # only if empty


def finish_run(folder: Path, record: RunRecord, names: Iterable[str]) -> None:
    """Write ``run.json``, with the digests of the named files and of the files in named folders."""
    files = {file.relative_to(folder).as_posix(): file_digest(file) for file in _existing(folder, names)}
    record.model_copy(update={"files": files}).write(folder)


def check_files(folder: Path, record: RunRecord, names: Iterable[str]) -> None:
    """Compare files of a run with the digests that its record has.

    Raises:
        InputError: one has changed since the run was made; the message names it.
    """
    for name in names:
        file = folder / name
        if name in record.files and file.exists() and file_digest(file) != record.files[name]:
            raise InputError(
                f"has changed since {RUN} was written", file=file, remedy="make the run again, or restore the file"
            )


def recorded(run: Path, field: str, path: str | None) -> Path:
    """Where the documents or the logits of a fit lie, as its record says.

    Args:
        field: ``documents`` or ``logits``.
        path: what the record says of it.

    Raises:
        InputError: it says nothing.
    """
    if path is None:
        raise InputError("is not recorded", file=run / RUN, field=field, remedy=f"name it: --{field}")
    return run.resolve() / path


def fitted_documents(run: Path, record: RunRecord, other: Path | None = None) -> PreparedCorpus:
    """The corpus that a run was fitted on, or the one in ``other``.

    Raises:
        InputError: it is broken, or is not named and has changed since the fit.
    """
    corpus = PreparedCorpus.open(other or recorded(run, "documents", record.documents))
    if other is None and record.data_digest not in (None, corpus.digest):
        raise _changed(corpus.path, "--documents")
    return corpus


def fitted_logits(run: Path, record: RunRecord, other: Path | None = None) -> Path:
    """The dump that a run was fitted on, or ``other``.

    Raises:
        InputError: it is not named and has changed since the fit.
    """
    dump = other or recorded(run, "logits", record.logits)
    if other is None and exists(dump) and record.logits_digest not in (None, file_digest(dump)):
        raise _changed(dump, "--logits")
    return dump


def _changed(path: Path, option: str) -> InputError:
    return InputError(
        "has changed since the run was fitted on it", file=path, remedy=f"fit the run again, or name it: {option}"
    )


def whose(predictions: Path) -> RunRecord | None:
    """The record of the run that made a file of predictions or of explanations; None where nothing shows that one did.

    A ``run.json`` beside the file proves nothing by itself: it must have the file's digest, or ``predicted-SPLIT.json``
    must, with the model and the logits of the run. Records of earlier versions have no digests: they are believed.

    Raises:
        InputError: the ``run.json`` beside the file is damaged, or the file cannot be read.
    """
    record = RunRecord.beside(predictions)
    if record is None or not record.files:
        return record
    digest = file_digest(predictions)
    if record.files.get(predictions.name) == digest:
        return record
    for split in SPLITS:
        predicted = Predicted.read(predictions.parent, split)
        if predicted is None or predicted.files.get(predictions.name) != digest:
            continue
        if (predicted.model_digest, predicted.logits_digest) == (record.files.get(MODEL), record.logits_digest):
            return record
    return None


def _refuse_another(folder: Path, run: RunRecord) -> None:
    remedy = "choose another folder, or give --overwrite: what the run left there is then removed"
    there = RunRecord.read(folder, remedy=remedy)
    for field in _SAME:
        old, new = (getattr(record, field) for record in (there, run))
        if field == "out_of_fold":  # the same dumps may lie elsewhere now
            old, new = ([dump.digest for dump in dumps] for dumps in (old, new))
        if old == new or (field.endswith("_digest") and old is None):
            continue
        what = _OTHER.get(field) or f"{field} {'none' if old is None else old}, not {'none' if new is None else new}"
        raise InputError(f"holds another finished run: {what}", file=folder / RUN, field=field, remedy=remedy)


def _derived(folder: Path) -> Iterator[Path]:
    """What was made of a run: metrics, the page, records of predictions, and what these know by its bytes."""
    for split in SPLITS:
        predicted = Predicted.read(folder, split)
        for name in (predictions_name(split), explanations_name(split)):
            file = folder / name
            if predicted and file.is_file() and predicted.files.get(name) == file_digest(file):
                yield file
        yield from _existing(folder, (Predicted.name(split), metrics_name(split)))
        made = (predictions_name(split), explanations_name(split), changes_name(split))
        yield from _existing(folder / CONSTRAINED, made)
    yield from _existing(folder, (PAGE,))


def _of_a_finished_run(folder: Path) -> Iterator[Path]:
    """The files of the run whose record lies in the folder; of a record without digests, those with a run's names."""
    try:
        known = set(RunRecord.read(folder).files)
    except InputError:
        known = set()
    for file in _existing(folder, WRITTEN):
        if not known or file.relative_to(folder).as_posix() in known:
            yield file
    for split in SPLITS:
        yield from _existing(folder, (predictions_name(split), explanations_name(split)))


def _existing(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """The files of these names, and those below the folders of these names."""
    for name in names:
        path = folder / name
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file())
        elif path.is_file():
            yield path
