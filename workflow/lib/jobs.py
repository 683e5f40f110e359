"""What a job needs beside its files: an environment, digests of code and of users' files, a scheduler's resources."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from logire.backbones.registry import backbones
from logire.backbones.registry import find as find_backbone
from logire.corpus.sources.registry import Source, sources
from logire.ground.digests import tree_digest
from logire.ground.errors import InputError
from logire.reporting.exhibits import Exhibit
from logire.rules.methods import find as find_method
from logire.rules.methods import methods
from workflow.lib import trials
from workflow.lib.code import Code, Entry
from workflow.lib.config import Config
from workflow.lib.datasets import Dataset
from workflow.lib.params import Job

SOURCE = Path(__file__).parents[2] / "src" / "logire"
PREPARE = Entry("logire.cli.data", "_prepare_command")
FETCH = Entry("logire.cli.data", "_fetch_command")
TRAIN = Entry("logire.cli.train", "_command")
FIT = Entry("logire.cli.rules", "fit")
PREDICT = Entry("logire.cli.rules", "predict")
EVALUATE = Entry("logire.cli.results", "evaluate")
REPORT = Entry("logire.cli.results", "report")
BROWSE = Entry("logire.cli.results", "browse")
TRIAL = Entry("logire.cli.trial", "run")
TRIAL_TABLE = Entry("logire.cli.trial", "report")


def set_up() -> None:
    """Let jobs find this Python, one thread each.

    Inside a conda environment its own Python comes first. Small matrices: one thread a job is fastest, and jobs run
    side by side.
    """
    first = str(Path(sys.executable).parent)
    parts = os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([first, *(part for part in parts if part and part != first)])
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class StoppingConfig(Config):
    """The datasets of a call; wrong params end it with one message, where Snakemake would add its own call stack."""

    def __init__(self, given: Mapping[str, Any], files: Sequence[Path] = ()) -> None:
        try:
            super().__init__(given, files)
        except InputError as error:
            sys.exit(f"params: {error}")

    def __getitem__(self, name: str) -> Dataset:
        try:
            return super().__getitem__(name)
        except InputError as error:
            sys.exit(f"params: {error}")


class CodeOf:
    """The digest of the code behind each kind of job, see :mod:`workflow.lib.code`.

    What a command picks by its name is told by the registries: the module of a backbone, a source, a method, an
    exhibit; and, for what prints titles, every module that registers one.
    """

    def __init__(self, code: Code) -> None:
        self.code = code

    def roots(self, job: str, name: str = "") -> tuple[Entry, tuple[str, ...]]:
        """The function behind a job, and the modules it imports by name."""
        if job == "prepare":
            return PREPARE, (next(source.module for source in sources() if source.name == name),)
        if job == "fetch":
            return FETCH, (next(source.module for source in sources() if source.name == name),)
        if job == "train":
            return TRAIN, (find_backbone(name).module,)
        if job in ("fit", "predict"):
            return {"fit": FIT, "predict": PREDICT}[job], (find_method(name).module,)
        if job == "evaluate":
            return EVALUATE, ()
        if job == "trial":
            return TRIAL, tuple(trials.modules())
        if job == "trial table":
            return TRIAL_TABLE, ()
        titles = [spec.module.rpartition(".")[0] for spec in backbones()] + [source.module for source in sources()]
        titles += ["logire.rules.methods"] if methods() else []
        return (BROWSE if job == "browse" else REPORT), (*([name] if name else []), *titles)

    def __call__(self, job: str, name: str = "") -> str:
        entry, plugins = self.roots(job, name)
        return self.code.digest(entry, *plugins)

    def report(self, exhibit: Exhibit) -> str:
        """The digest of a table or figure."""
        return self("report", exhibit.module)


def content(files: list[str]) -> str:
    """A digest of files or folders that a user gave, by their bytes: their modification times may be any."""
    return " ".join(tree_digest(Path(file)) if Path(file).exists() else "missing" for file in files)


def training_resources(config: Config) -> dict[str, Callable[..., int]]:
    """What training asks a scheduler for, by the backbone's family."""
    return _resources(
        lambda wildcards: getattr(config[wildcards.dataset].params.cluster, find_backbone(wildcards.backbone).family)
    )


def fitting_resources(config: Config) -> dict[str, Callable[..., int]]:
    """The same for fitting a method."""
    return _resources(lambda wildcards: config[wildcards.dataset].params.cluster.logire)


def _resources(asked: Callable[[Any], Job]) -> dict[str, Callable[..., int]]:
    return {
        "mem_mb": lambda wildcards, attempt: attempt * asked(wildcards).mem_mb,
        "runtime": lambda wildcards: asked(wildcards).runtime,
        "gpu": lambda wildcards: asked(wildcards).gpu,
    }


def folder(files: Any) -> str:
    """The folder of a rule's first file."""
    return str(Path(files[0]).parent)


def fetched_sources() -> list[Source]:
    """One source for each place that raw data is fetched to: sources may share it."""
    return list({source.fetched: source for source in reversed(sources()) if source.fetched}.values())


def labels(file: str, title: str) -> Mapping[str, str]:
    """How ``snakemake --report`` lists a result."""
    return {"what": title, "file": file.rsplit("/", 1)[-1]}
