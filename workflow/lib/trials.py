"""The files of a dataset's trial (docs/trial.md): every rule method on the logits of every backbone and seed."""

from __future__ import annotations

from pkgutil import iter_modules

import logire.trial.rivals
from logire.rules.methods import methods
from workflow.lib.datasets import Dataset

TRIAL = "results/{dataset}/trial/{backbone}/seed{seed}.json"
FORMS = ("csv", "md", "tex", "html", "sources.json")
RIVALS = logire.trial.rivals.__name__


def trials(dataset: Dataset) -> list[str]:
    """The trial of each backbone and seed."""
    return [
        TRIAL.format(dataset=dataset.name, backbone=backbone, seed=seed)
        for backbone in dataset.backbones
        for seed in dataset.seeds(backbone)
    ]


def tables(name: str) -> list[str]:
    """The table of a dataset's trial in all its forms."""
    return [f"results/{name}/trial/trial.{form}" for form in FORMS]


def modules() -> list[str]:
    """The modules that a trial picks by name."""
    rivals = [f"{RIVALS}.{module.name}" for module in iter_modules(logire.trial.rivals.__path__)]
    return [*rivals, *(method.module for method in methods())]
