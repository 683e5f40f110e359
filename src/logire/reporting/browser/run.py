"""What the explanation browser is made from: a run's explanations, its corpus, and what its backbone predicted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logire.corpus.dump import above, dev_threshold, read_dump
from logire.corpus.predictions import Prediction, read_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import (
    explanations_name,
    fitted_documents,
    fitted_logits,
    predictions_name,
    recorded,
    whose,
)
from logire.ground.errors import InputError
from logire.ground.files import exists
from logire.ground.numbers import fixed
from logire.ground.records import RUN, RunRecord
from logire.reporting.explanations import Explained, read_explanations
from logire.reporting.names import BACKBONE
from logire.rules.methods import methods


@dataclass(frozen=True)
class Explanations:
    """One split of a fitted run, explained.

    Attributes:
        rows: every prediction of the run.
        backbone: what the backbone predicts by itself.
        note: how these came about where they were derived from the logits; otherwise empty.
    """

    record: RunRecord
    corpus: PreparedCorpus
    rows: list[Explained]
    backbone: list[Prediction]
    note: str


def read_run(run: Path, split: str, *, documents: Path | None = None, logits: Path | None = None) -> Explanations:
    """Read one split of a run that has predicted.

    Args:
        documents, logits: others than those the run was fitted on.

    Raises:
        InputError: ``run`` is no fitted run or has not predicted the split, a file is broken, the explanations are not
            the run's, or what it was fitted on is gone or has changed.
    """
    if run.is_file():
        remedy = f"name the folder: logire browse {run.parent}"
        raise InputError("is a file, the folder of a run was expected", file=run, remedy=remedy)
    record = RunRecord.read(run, remedy="fit a run first: logire fit --out RUN")
    if record.method not in {method.name for method in methods()}:
        raise InputError(
            f"{record.method!r} is no method with rules to explain",
            file=run / RUN,
            field="method",
            remedy="name a folder that `logire fit` wrote",
        )
    corpus = fitted_documents(run, record, documents)
    file = run / explanations_name(split)
    remedy = f"predict first: logire predict {run}{' --split train' if split == 'train' else ''}"
    rows = read_explanations(file, corpus.documents(split), corpus.schema, remedy=remedy)
    if documents is None and logits is None and whose(file) is None:
        raise InputError(
            f"is not what the run in {RUN} explained: edited, or of another model or other logits",
            file=file,
            remedy=remedy.replace("first", "again"),
        )
    backbone = _predicted(run, record, corpus, split, logits)
    if backbone is not None:
        return Explanations(record, corpus, rows, backbone, "")
    return Explanations(record, corpus, rows, *_derived(fitted_logits(run, record, logits), corpus, split))


def _predicted(
    run: Path, record: RunRecord, corpus: PreparedCorpus, split: str, logits: Path | None
) -> list[Prediction] | None:
    """The predictions of the backbone's own run, which lie beside its logits; None where there are none."""
    dump = logits or recorded(run, "logits", record.logits)
    file, backbone = dump.parent / predictions_name(split), RunRecord.beside(dump)
    if backbone is None or backbone.method != BACKBONE or not exists(file) or whose(file) is None:
        return None
    digests = backbone.files.get(dump.name), record.logits_digest
    if logits is None and None not in digests and digests[0] != digests[1]:
        return None
    return read_predictions(file, corpus.documents(split), corpus.schema)


def _derived(dump: Path, corpus: PreparedCorpus, split: str) -> tuple[list[Prediction], str]:
    """What the logits themselves predict, above the threshold that is best on dev; and a note that says so."""
    theta = dev_threshold(read_dump(dump, corpus, "dev")).theta
    found = above(read_dump(dump, corpus, split), theta, corpus.schema)
    return (
        found,
        f"The backbone predicts from a logit of {fixed(theta)} up, the threshold with the best F1 on dev.",
    )
