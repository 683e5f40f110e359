"""A fit on shards on disk: from a folder of shards, dev documents and their logits to an ordinary run folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logire.corpus.dump import ScoredDocument, read_dump
from logire.corpus.dumpcheck import check_logits
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import HISTORY, begin_run
from logire.corpus.shardcorpus import same_schema
from logire.corpus.shards import INDEX, Shards
from logire.ground.digests import content_digest, file_digest, relative_path
from logire.ground.settings import settings_from
from logire.rules.model import Report, silent
from logire.rules.plus.model import LogiREPlus
from logire.rules.record import about_fit, finish_fit, fit_device
from logire.rules.run import Fit
from logire.rules.store import write_history
from logire.scale.counts import check_settings
from logire.scale.sampling import Sampling
from logire.scale.streamed import fit_shards
from logire.scale.work import Work

FOLDER = "shards"
"""The folder below a run's checkpoints that the steps' files are kept in."""


@dataclass(frozen=True)
class Plan:
    """A fit on shards that is ready to run, as a whole or step by step.

    Attributes:
        work: its steps and their files.
        model: to be fitted. corpus: with the dev documents. logits: a dump of them.
        about: the record's fields that are known before the fit. started: when, by ``time.monotonic``.
    """

    work: Work
    model: LogiREPlus
    corpus: PreparedCorpus
    logits: Path
    about: dict[str, Any]
    started: float

    @property
    def out(self) -> Path:
        """The run folder."""
        return self.work.folder.parents[2]

    def dev(self) -> list[ScoredDocument]:
        """The dev documents with their logits.

        Raises:
            InputError: the dump is missing, damaged, not of these documents, or does not hold logits.
        """
        found = read_dump(self.logits, self.corpus, "dev")
        check_logits(found, self.corpus.schema, self.logits)
        return found


def plan_fit(
    shards: Shards,
    documents: Path,
    logits: Path,
    out: Path,
    *,
    settings: Mapping[str, Any],
    sampling: Mapping[str, Any],
    seed: int,
) -> Plan:
    """Everything that the steps follow from, checked.

    Args:
        shards: the training documents with their logits.
        documents: a prepared folder; its dev documents choose. logits: a dump of them.
        out: the run folder.
        settings, sampling: what differs from the defaults of :class:`LogiREPlusSettings` and :class:`Sampling`.

    Raises:
        InputError: a bad setting, one that needs all documents at once, a broken corpus, or shards of another schema.
    """
    started = time.monotonic()
    model_settings = settings_from(LogiREPlus.Settings, settings, where=LogiREPlus.name)
    chosen = settings_from(Sampling, sampling, where="sampling")
    check_settings(model_settings)
    corpus = PreparedCorpus.open(documents)
    same_schema(shards, corpus)
    digest = file_digest(shards.path / INDEX)
    model = LogiREPlus(corpus.schema, model_settings, seed=seed, device="cpu")
    about = about_fit(
        model,
        corpus,
        logits,
        fit_device(LogiREPlus, model_settings, "cpu"),
        {"folds": 0, "sampling": chosen.model_dump(), "shards": digest},
        {"shards": relative_path(shards.path, out), "shards_digest": digest, "sampling": chosen.model_dump()},
    )
    names = ("params_digest", "data_digest", "logits_digest", "seed")
    key = content_digest({name: about[name] for name in names})
    folder = out / "checkpoints" / FOLDER / key[:16]
    work = Work(folder, key, shards, model_settings, chosen, seed)
    return Plan(work, model, corpus, logits, about, started)


def fit_plan(plan: Plan, *, report: Report = silent, overwrite: bool = False) -> Fit:
    """Run the steps that are not done yet and write the run folder, as ``logire fit`` does.

    A run that was killed goes on from the files of its finished steps, and ends with the same files.

    Args:
        overwrite: whether the folder may hold another finished run, which is removed.

    Raises:
        InputError: no document or no fact in training or dev, a damaged file, or another run in the folder.
    """
    out, model = plan.out, plan.model
    begin_run(out, plan.about, reads=(plan.logits,), overwrite=overwrite)
    dev = plan.dev()
    model._fitted = fit_shards(plan.work, dev, report=report, log=lambda rows: write_history(out / HISTORY, rows))
    target = fit_device(LogiREPlus, model.settings, "cpu")
    record = finish_fit(out, model, plan.about, plan.corpus.path, plan.logits, target, plan.started)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return Fit(model, plan.corpus, dev, record)
