"""Try methods on the logits of one backbone's run and of its folds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from logire.corpus.document import BoolArray, Schema
from logire.corpus.dump import ScoredDocument, read_dump
from logire.corpus.gold import DWIE_RULES, GoldRule, read_gold_rules
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import LOGITS
from logire.evaluation.files import labelled
from logire.evaluation.logic import rule_counts
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.records import RunRecord, git_state
from logire.rules.model import Report, silent
from logire.rules.outoffold import read_out_of_fold
from logire.trial.record import SPLITS, Counted, Result, Trial
from logire.trial.task import Decide, Method, Scored, Task

_REMEDY = "give a folder that `logire train` wrote"


class Inputs(NamedTuple):
    """A backbone's run with its folds: what methods are fitted on, and what they decide."""

    backbone: str
    task: Task
    splits: dict[str, Scored]


def read_inputs(corpus: PreparedCorpus, run: Path, folds: Sequence[Path], *, test: bool = True) -> Inputs:
    """Read the dumps of a backbone's run and of its folds' runs.

    Args:
        run: the folder of the backbone that was trained on all training documents.
        folds: the folders of the backbones that were each trained without one fold.
        test: whether the test split is read too.

    Raises:
        InputError: a run without a record; a dump is missing, damaged or does not fit the corpus, or a fold's dump
            lacks dev or test.
    """
    record = RunRecord.read(run, remedy=_REMEDY)
    if record.backbone is None or record.seed is None:
        raise InputError("is not the record of a backbone", file=run, remedy=_REMEDY)
    dumps = [folder / LOGITS for folder in folds]
    if not dumps:
        raise InputError("no fold is given", field="--fold", remedy="train them: logire train --fold 1/2, 2/2")

    def split(name: str) -> Scored:
        of_folds = tuple(read_dump(dump, corpus, name) for dump in dumps)
        return Scored(read_dump(run / LOGITS, corpus, name), of_folds)

    splits = {name: split(name) for name in (SPLITS if test else SPLITS[:1])}
    train, seen = read_out_of_fold(dumps, corpus), read_dump(run / LOGITS, corpus, "train")
    return Inputs(record.backbone, Task(corpus.schema, train, seen, splits["dev"], record.seed), splits)


def try_methods(
    run: Path,
    folds: Sequence[Path],
    documents: Path,
    methods: Sequence[Method],
    *,
    gold_rules: Path | None = None,
    report: Report = silent,
) -> Trial:
    """Fit every method and count what it decides on dev and test.

    Args:
        gold_rules: a file of rules for the logic score; DWIE's published ones where it is None.

    Raises:
        InputError: as :func:`read_inputs`; a split without a labelled fact.
    """
    corpus = PreparedCorpus.open(documents)
    for name in SPLITS:
        labelled(corpus, name)
    report("reading the logits", 0, len(methods))
    backbone, task, splits = read_inputs(corpus, run, folds)
    rules = [rule for rule in read_gold_rules(gold_rules or DWIE_RULES) if rule.known_to(corpus.schema)]
    results: dict[str, Result] = {}
    for number, method in enumerate(methods):
        report(method.title, number, len(methods))
        started = time.perf_counter()
        decide = method.fit(task)
        fitted = round(time.perf_counter() - started, 2)
        counted = {name: _count(decide, split, rules, corpus.schema) for name, split in splits.items()}
        results[method.name] = Result(method.title, fitted, counted)
    report("done", len(methods), len(methods))
    return Trial(
        dataset=corpus.name,
        synthetic=corpus.synthetic,
        backbone=backbone,
        seed=task.seed,
        git=git_state(),
        logits=file_digest(run / LOGITS),
        folds=[file_digest(folder / LOGITS) for folder in folds],
        methods=results,
    )


def _count(decide: Decide, split: Scored, rules: Sequence[GoldRule], schema: Schema) -> Counted:
    started = time.perf_counter()
    decided = decide(split)
    seconds = round(time.perf_counter() - started, 2)
    fired = np.zeros((len(rules), 2), dtype=np.int64)
    for facts in decided:
        fired += rule_counts(rules, facts, schema)
    pairs = zip(split.documents, decided, strict=True)
    return Counted([count_facts(d, facts) for d, facts in pairs], fired.tolist(), seconds)


def count_facts(document: ScoredDocument, decided: BoolArray) -> list[int]:
    """A document's :data:`~logire.evaluation.counts.COUNTS`, from the facts that are predicted, (N, N, R)."""
    correct = decided & document.labels
    known = document.labels & document.in_train
    return [int(found.sum()) for found in (document.labels, decided, correct, known, known & decided)]
