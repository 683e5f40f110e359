"""What rules gain over their backbone, or one run over another: from runs and files to :class:`Gain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logire.corpus.dump import above, dev_threshold, read_dump
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import recorded
from logire.evaluation.files import labelled, own_predictions
from logire.evaluation.gain import Gain, measure_gain
from logire.ground.errors import InputError
from logire.ground.files import exists
from logire.ground.records import RUN, RunRecord
from logire.reporting.names import BACKBONE
from logire.rules.methods import find

if TYPE_CHECKING:
    from logire.rules.run import Fit

_TWO = "name a folder that `logire fit` wrote, or two runs or predictions files: logire compare BASE OURS"


def gain_of_fit(fit: Fit) -> Gain:
    """What a fit that has just ended gains on dev."""
    base = above(fit.dev, dev_threshold(fit.dev).theta, fit.corpus.schema)
    ours = fit.model.predict_dev(fit.dev)
    return measure_gain(base, ours, fit.corpus, "dev", names=_names(fit.record), seed=fit.record.seed or 0)


def gain_of_run(
    run: Path, split: str, *, documents: Path | None = None, logits: Path | None = None, **options: Any
) -> Gain:
    """What a fitted run gains over the logits it was fitted on, at the threshold that is best for these on dev.

    Args:
        documents, logits: others than those the run was fitted on.
        options: of :func:`~logire.evaluation.gain.measure_gain`.

    Raises:
        InputError: not a fitted run, a file is missing or has changed, or the split has no labelled fact.
    """
    from logire.rules.run import load_run  # compiled kernels, which comparing predictions does without

    if run.is_file():
        raise InputError("is a file: there is nothing to compare it with", file=run, remedy=_TWO)
    record = RunRecord.read(run, remedy=_TWO)
    if record.method in (BACKBONE, "fold"):
        raise InputError("is a backbone's: there is nothing to compare it with", file=run / RUN, remedy=_TWO)
    model, corpus, scored = load_run(run, split, documents=documents, logits=logits)
    labelled(corpus, split)
    dev = scored if split == "dev" else read_dump(logits or recorded(run, "logits", record.logits), corpus, "dev")
    base = above(scored, dev_threshold(dev).theta, corpus.schema)
    seed = record.seed or 0
    return measure_gain(base, model.predict(scored), corpus, split, names=_names(record), seed=seed, **options)


def gain_between(base: Path, ours: Path, split: str, *, documents: Path | None = None, **options: Any) -> Gain:
    """What one run or predictions file gains over another.

    Args:
        base, ours: a predictions file, or the folder of a run with predictions.
        documents: the prepared corpus; that of one of the runs where it is None.
        options: of :func:`~logire.evaluation.gain.measure_gain`.

    Raises:
        InputError: a file is missing or does not fit the documents, or the split has no labelled fact.
    """
    files = [_predictions(path, split) for path in (base, ours)]
    records = [RunRecord.beside(file) for file in files]
    corpus = PreparedCorpus.open(documents or _documents(files, records))
    known = labelled(corpus, split)
    read = [read_predictions(file, known, corpus.schema) for file in files]
    names = (_called(base, records[0]), _called(ours, records[1]))
    if names[0] == names[1]:
        names = (str(base), str(ours))
    seed = (records[1].seed if records[1] else None) or 0
    return measure_gain(read[0], read[1], corpus, split, names=names, seed=seed, **options)


def _predictions(path: Path, split: str) -> Path:
    """The predictions file behind one side of a comparison."""
    if not path.is_dir():
        return path
    file = own_predictions(path, split)
    if not exists(file):
        raise InputError("does not exist", file=file, remedy=f"predict first: logire predict {path} --split {split}")
    return file


def _documents(files: Sequence[Path], records: Sequence[RunRecord | None]) -> Path:
    """The corpus of the first run that records one."""
    for file, record in zip(files, records, strict=True):
        if record and record.documents:
            return file.parent.resolve() / record.documents
    raise InputError(
        "no run names the documents", field="--documents", remedy="name a folder that `logire prepare` wrote"
    )


def _names(record: RunRecord) -> tuple[str, str]:
    """What the table of one run calls the backbone and the method."""
    title = find(str(record.method)).title
    return "backbone", f"{title} ({record.variant})" if record.variant else title


def _called(path: Path, record: RunRecord | None) -> str:
    """What the table of two runs or files calls one of them."""
    if record is None or not path.is_dir() or not record.backbone:
        return path.name
    return record.backbone if record.method == BACKBONE else f"{record.backbone} + {_names(record)[1]}"
