"""The training loop of all backbones.

Each epoch derives the seed of its batches and dropout from the run's seed, so a run that resumes after epoch k
continues exactly as if it had never stopped.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from logire.backbones.base import Backbone
from logire.backbones.settings import TrainingSettings
from logire.backbones.training.batches import InMemory, PartByPart, Parts, Source
from logire.backbones.training.checkpoint import Checkpoints, TrainingState
from logire.backbones.training.inference import infer_encoded
from logire.corpus.document import Document
from logire.ground.adamw import AdamW, Group
from logire.ground.errors import InputError
from logire.ground.runtime import seed_torch

log = logging.getLogger(__name__)


def fit(
    model: Backbone[Any],
    train: Sequence[Document] | Parts,
    dev: Sequence[Document],
    checkpoints: Checkpoints,
    *,
    seed: int,
    progress: bool = True,
) -> TrainingState:
    """Train until the epoch limit or early stopping; the model ends with the weights of the best epoch.

    Resumes from ``checkpoints`` if they hold an earlier part of this run.

    Args:
        train: documents in memory, or in parts, of which one is in memory at a time.

    Raises:
        InputError: a split has no labelled fact, or the loss is not finite; the message names the step and the
            documents.
    """
    for split, given, use in (("training", train, "the model learns from"), ("dev", dev, "the threshold is chosen on")):
        if not any(fact.head != fact.tail for document in given for fact in document.facts):
            raise InputError(f"the {split} split has no labelled fact", remedy=f"label some: {use} them")
    settings = model.settings
    documents: Source = InMemory(model, train) if isinstance(train, Sequence) else PartByPart(model, train)
    dev_documents = [model.encode(document) for document in dev]
    optimizer = make_optimizer(model)
    state = checkpoints.load(model, optimizer) or TrainingState()
    if state.epoch:
        log.info("going on after epoch %d", state.epoch)
    while state.epoch < settings.epochs and state.epoch - state.best_epoch < settings.patience:
        started = time.perf_counter()
        loss = train_epoch(model, optimizer, documents, state, seed=seed, progress=progress)
        trained = time.perf_counter()
        best = model.decide(infer_encoded(model, dev_documents), dev)
        state.epoch += 1
        row = {"epoch": state.epoch, "step": state.step, "learning_rate": optimizer.groups[0].rate}
        row |= {"loss": loss, "dev_f1": best.f1, "threshold": best.threshold}
        state.history.append({key: round(value, 8) for key, value in row.items()})
        if best.f1 > state.best_f1:
            state.best_epoch, state.best_f1 = state.epoch, best.f1
        state.seconds += time.perf_counter() - started
        checkpoints.save(state, model, optimizer)
        log.info(
            "epoch %d: loss %.4f, dev F1 %.2f at threshold %.3f; %.1f s, %.1f documents/s in training",
            *(state.epoch, loss, 100 * best.f1, best.threshold, time.perf_counter() - started),
            len(documents) / (trained - started),
        )
    checkpoints.load_best(model, state)
    return state


def train_epoch(
    model: Backbone[Any],
    optimizer: AdamW,
    documents: Source,
    state: TrainingState,
    *,
    seed: int,
    progress: bool,
) -> float:
    """One pass over the training documents; each optimiser step increments ``state.step``.

    Returns:
        The mean loss of its batches.

    Raises:
        InputError: the loss is not finite.
    """
    settings = model.settings
    batches = documents.batches(settings.batch_size)
    seed_torch(seed, "epoch", state.epoch)
    total_steps = settings.epochs * math.ceil(batches / settings.accumulate)
    model.train()
    losses: list[float] = []
    with _bar(progress) as bar:
        task = bar.add_task(f"epoch {state.epoch + 1}", total=len(documents), loss=math.nan, rate=0.0)
        started = time.perf_counter()
        for number, batch in enumerate(documents.epoch(state.epoch, settings.batch_size, seed), start=1):
            loss = model.loss(model(batch), batch)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise _diverged(losses[-1], state.step, [d.title for d in batch])
            (loss / settings.accumulate).backward()  # type: ignore[no-untyped-call]
            if number % settings.accumulate == 0 or number == batches:
                _update(model, optimizer, settings, state.step, total_steps)
                state.step += 1
            done = bar.tasks[task].completed + len(batch)
            rate = done / (time.perf_counter() - started)
            bar.update(task, completed=done, loss=float(np.mean(losses[-50:])), rate=rate)
    return float(np.mean(losses))


def make_optimizer(model: Backbone[Any]) -> AdamW:
    """AdamW over the model's parameter groups; biases, norms and embeddings have no weight decay."""
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    groups = []
    for parameters, rate in model.parameter_groups():
        decayed = [p for p in parameters if p.ndim > 1 and id(p) not in embeddings]
        others = [p for p in parameters if p.ndim <= 1 or id(p) in embeddings]
        groups += [Group(decayed, rate, model.settings.weight_decay), Group(others, rate)]
    return AdamW(groups, epsilon=model.settings.adam_epsilon)


def rate_factor(step: int, total: int, settings: TrainingSettings) -> float:
    """The share of the peak learning rate at ``step`` (0-based) of ``total``."""
    warmup = int(total * settings.warmup)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, total - warmup)
    return {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}[settings.schedule]


def _update(model: Backbone[Any], optimizer: AdamW, settings: TrainingSettings, step: int, total: int) -> None:
    if settings.clip:
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimizer.step(rate_factor(step, total, settings))
    optimizer.zero_grad()


def _diverged(loss: float, step: int, titles: list[str]) -> InputError:
    return InputError(
        f"the loss is {loss} at step {step}",
        document=", ".join(titles),
        field="learning_rate",
        remedy="lower the learning rate, or clip the gradient at a smaller norm",
    )


def _bar(progress: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]:.1f} documents/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not progress,
        transient=True,
    )
