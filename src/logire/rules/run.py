"""A LogiRE run on disk: from documents and a logits dump to a run folder, and from the folder to predictions."""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from logire.corpus.dump import ScoredDocument, read_dump
from logire.corpus.dumpcheck import check_logits
from logire.corpus.matching import matched, relation_order
from logire.corpus.predictions import Prediction, write_predictions
from logire.corpus.prepared import NewDocuments, PreparedCorpus
from logire.corpus.runfolder import (
    HISTORY,
    MODEL,
    RULES,
    Predicted,
    begin_run,
    check_files,
    explanations_name,
    fitted_documents,
    fitted_logits,
    predictions_name,
    recorded,
)
from logire.ground.digests import file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import atomic
from logire.ground.records import VARIANT, Dump, RunRecord
from logire.ground.settings import settings_from
from logire.rules.methods import find
from logire.rules.model import Report, RuleModel, silent
from logire.rules.outoffold import read_out_of_fold
from logire.rules.record import about_fit, finish_fit, fit_device
from logire.rules.store import write_history

log = logging.getLogger(__name__)

LARGE = 2**30
"""Bytes of the training documents' logits and labels from which a fit on shards is advised: it takes several times as
much at its peak (DWIE: 0.17 GiB, and 1.6 at the peak)."""


class Fit(NamedTuple):
    """A finished fit: the model and what it was chosen on."""

    model: RuleModel[Any]
    corpus: PreparedCorpus
    dev: list[ScoredDocument]
    record: RunRecord


def fit_run(
    documents: Path,
    logits: Path,
    out: Path,
    *,
    settings: Mapping[str, Any],
    seed: int,
    device: str = "auto",
    report: Report = silent,
    method: str = "logire",
    variant: str | None = None,
    out_of_fold: Sequence[Path] = (),
    overwrite: bool = False,
) -> Fit:
    """Fit a method on a dump and write the run folder ``out``.

    ``history.csv`` grows with each iteration or round; then come ``model.safetensors``, ``rules.csv`` and, last,
    ``run.json``. A run that was killed goes on from ``out/checkpoints/`` and ends with the same files. What a finished
    run left in ``out`` is removed first.

    Args:
        settings: what differs from the defaults of the method's settings class.
        method: the name of one of :func:`logire.rules.methods.methods`.
        variant: a name for these settings, for tables that compare settings.
        out_of_fold: dumps that together hold the training documents' logits, each from a backbone that has not seen
            them; by default the ones in ``logits``.
        overwrite: whether ``out`` may hold another finished run, which is removed.

    Raises:
        InputError: a bad setting or name, a broken corpus or dump, documents and logits that do not match, a dump that
            does not hold logits, another run in ``out``.
    """
    if variant is not None and not re.fullmatch(VARIANT, variant):
        remedy = "use small letters, digits and _, at most 100"
        raise InputError(f"{variant!r} is not a variant's name", field="--variant", remedy=remedy)
    kind = find(method).load()
    chosen = settings_from(kind.Settings, settings, where=method)
    target = fit_device(kind, chosen, device)
    corpus = PreparedCorpus.open(documents)
    advise(corpus, method)
    started = time.monotonic()
    report("reading the logits", 0, 2)
    train = read_out_of_fold(out_of_fold, corpus) if out_of_fold else read_dump(logits, corpus, "train")
    report("reading the logits", 1, 2)
    dev = read_dump(logits, corpus, "dev")
    check_logits(dev, corpus.schema, logits)
    optional: dict[str, Any] = {"variant": variant} if variant else {}
    if out_of_fold:
        optional["out_of_fold"] = [
            Dump(file=relative_path(file, out), digest=file_digest(file)) for file in out_of_fold
        ]
    model = kind(corpus.schema, chosen, seed=seed, device=device)
    about = about_fit(model, corpus, logits, target, {"folds": len(out_of_fold)}, optional)
    checkpoint = out / "checkpoints" / "em.safetensors"
    begin_run(out, about, reads=(logits, *out_of_fold), overwrite=overwrite)
    model.fit(train, dev, checkpoint=checkpoint, report=report, log=lambda rows: write_history(out / HISTORY, rows))
    record = finish_fit(out, model, about, documents, logits, target, started)
    shutil.rmtree(checkpoint.parent, ignore_errors=True)
    return Fit(model, corpus, dev, record)


def advise(corpus: PreparedCorpus, method: str) -> None:
    """Say that a fit on shards takes less memory, where the training documents are very many and the method can."""
    each = 6 * len(corpus.schema.relations)  # float32 logits, two arrays of flags
    size = sum(each * len(document.entities) ** 2 for document in corpus.train)
    if find(method).on_shards and size > LARGE:
        log.warning(
            "the logits of %d documents take %.1f GiB in memory, and the fit several times as much: `logire scale fit` "
            "has one shard in memory at a time",
            len(corpus.train),
            size / 2**30,
        )


def load_run(
    run: Path, split: str, *, documents: Path | None = None, logits: Path | None = None
) -> tuple[RuleModel[Any], PreparedCorpus, list[ScoredDocument]]:
    """The model of a run folder, its corpus and one split of its documents with their logits.

    Args:
        documents, logits: others than those the run was fitted on. ``documents`` is a prepared folder, which needs no
            other split, or one file in DocRED's format. The folder's relations and types may be in another order: the
            result is in the model's.

    Raises:
        InputError: a file is missing; the relations are not those the run was fitted on, or a type is new; or, where
            no others are given, the documents or the logits have changed since.
    """
    record = _record(run)
    dump = fitted_logits(run, record, logits)
    model = load_model(run)
    if documents is not None and documents.is_file():
        corpus: PreparedCorpus = NewDocuments(documents, model.schema)
    else:
        corpus = fitted_documents(run, record, documents)
    relation_order(corpus.schema.relations, model.schema, file=corpus.path)  # before any shape is found wrong
    return model, corpus, matched(read_dump(dump, corpus, split), corpus.schema, model.schema, file=corpus.path)


def load_model(run: Path) -> RuleModel[Any]:
    """The model of a run folder, of whichever method.

    Raises:
        InputError: a file is missing, damaged, or not the one that the run wrote.
    """
    record = _record(run)
    check_files(run, record, (MODEL, RULES, HISTORY))
    return find(str(record.method)).load().load(run)


def _record(run: Path) -> RunRecord:
    return RunRecord.read(run, remedy="fit a run first: logire fit --out RUN")


def write_explained(file: Path, split: str, explained: Sequence[tuple[Prediction, Mapping[str, Any]]]) -> None:
    """Write predictions, and their explanations beside them; where one of the files cannot be written, neither is."""
    with atomic(file.parent / explanations_name(split)) as reasons, atomic(file) as predictions:
        reasons.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for _, row in explained), "utf-8")
        write_predictions(predictions, (prediction for prediction, _ in explained))


def predict_run(
    run: Path, split: str, *, documents: Path | None = None, logits: Path | None = None, out: Path | None = None
) -> Path:
    """Write the run's predictions of one split, and beside them the rules and grounding paths behind each.

    Where one of the files cannot be written, neither is. ``predicted-SPLIT.json`` says what the run's own predictions,
    those in its folder, were made from.

    Returns:
        The predictions file: ``out``, by default ``RUN/predictions-SPLIT.json``. The explanations go to
        ``explanations-SPLIT.jsonl`` in the same folder, one prediction a line, in the same order.
    """
    own = run / predictions_name(split)
    file = out or own
    if out is None and documents is not None and documents.is_file():
        remedy = "say where the predictions on new documents go: --out predictions.json --split test"
        raise InputError("is missing", field="--out", remedy=remedy)
    model, _, scored = load_run(run, split, documents=documents, logits=logits)
    write_explained(file, split, list(model.explained(scored)))
    if file.resolve() == own.resolve():
        record = _record(run)
        Predicted.write(run, split, record, logits or recorded(run, "logits", record.logits))
    return file
