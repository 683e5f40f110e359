"""The record of a fit, and where it computes: what every fit of a rule model writes, however it reads its documents."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import HISTORY, MODEL, RULES, finish_run
from logire.ground.digests import file_digest, relative_path
from logire.ground.records import RunRecord, made_now, peak_memory
from logire.ground.runtime import pick_device
from logire.rules.model import RuleModel

if TYPE_CHECKING:
    import torch


def about_fit(
    model: RuleModel[Any],
    corpus: PreparedCorpus,
    logits: Path,
    target: torch.device,
    params: Mapping[str, Any],
    optional: Mapping[str, Any],
) -> dict[str, Any]:
    """The fields of a record that are known before a fit.

    Args:
        params: what was chosen beside the method, its settings and the backbone.
        optional: further fields.
    """
    backbone = RunRecord.beside(logits)
    chosen: dict[str, Any] = {"method": model.name, "settings": model.settings.model_dump(), **params}
    chosen["backbone"] = backbone.params_digest if backbone else None
    return {
        "dataset": corpus.name,
        "synthetic": corpus.synthetic,
        "backbone": (backbone.backbone if backbone else None) or logits.stem,
        "method": model.name,
        "seed": model.seed,
        "logits_digest": file_digest(logits),
        **optional,
        **made_now(params=chosen, data=corpus.digest, device=target),
    }


def finish_fit(
    out: Path,
    model: RuleModel[Any],
    about: Mapping[str, Any],
    documents: Path,
    logits: Path,
    target: torch.device,
    started: float,
) -> RunRecord:
    """Write a fitted model and, last, the record of its run.

    Args:
        about: what :func:`about_fit` gave.
        started: when, by ``time.monotonic``.
    """
    model.save(out)
    fitted = model.fitted
    record = RunRecord(
        # JSON has no infinity, which is the threshold where predicting nothing is best.
        threshold=min(fitted.theta, sys.float_info.max),
        dev_f1=fitted.dev_f1,
        iteration=fitted.kept,
        iterations=len(fitted.history),
        rules=len(fitted.last.rules),
        settings=model.settings.model_dump(),
        wall_seconds=round(time.monotonic() - started, 1),
        device=str(target),
        documents=relative_path(documents, out),
        logits=relative_path(logits, out),
        **peak_memory(target),
        **about,
    )
    finish_run(out, record, (MODEL, RULES, HISTORY))
    return record


@dataclass(frozen=True)
class _Processor:
    """Stands for torch's CPU device where a fit does without torch, whose import takes longer than a small fit."""

    type: str = "cpu"

    def __str__(self) -> str:
        return self.type


def fit_device(kind: type[RuleModel[Any]], settings: Any, device: str) -> torch.device:
    """Where a fit computes.

    Raises:
        InputError: no such device here.
    """
    if device in ("auto", "cpu") and not kind.learns_generator(settings):
        return cast("torch.device", _Processor())  # records ask for its type and name alone
    return pick_device(device)
