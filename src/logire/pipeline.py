"""What the Snakemake workflow asks the package: file names, command options, and what code a rule depends on.

Rules stay one call each; this module imports nothing heavy, for Snakemake reads it at every start.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from logire.ground.digests import tree_digest
from logire.ground.errors import InputError

Params = Mapping[str, Any]

SOURCE = Path(__file__).parent
BACKBONES = ("cnn", "lstm", "bilstm", "context_aware", "gain", "atlop")
PRETRAINED = ("gain", "atlop")
"""The backbones on a pre-trained encoder, which want a GPU."""
METHODS = ("backbone", "logire", "logire_plus")
VARIANTS = "variants"
"""The folder, and the first part of the method wildcard, of runs that differ in one setting: ``variants/no_ridge``."""
FITTED = f"logire|logire_plus|{VARIANTS}/[a-z0-9_]+"
"""What is fitted on a backbone's logits, as a pattern of the method wildcard."""
TABLE_FORMATS = ("csv", "md", "tex", "html")
FIGURE_FORMATS = ("png", "pdf", "csv")
SOURCES = "sources.json"
"""The ending of the file that lists what a table or figure was made from."""
FETCHED = {
    "dwie": "data/dwie/annos_with_content.jsonl.gz",
    "docred-partial": "data/docred-partial",
    "redocred-partial": "data/docred-partial",
}
"""Where the raw data of a source is fetched to."""
DOCRED = ("docred", "docred-partial", "redocred-partial", "embedded-docred")
"""The sources in DocRED's form: their main results are Table 3, and Table 4 looks at their labels."""

_OWN_FILES = {
    "cnn": ("cnn.py",),
    "lstm": ("lstm.py",),
    "bilstm": ("bilstm.py",),
    "context_aware": ("context_aware.py", "bilstm.py"),
    "gain": ("gain.py", "transformer.py", "frozen.py", "pretrained.py", "pieces.py"),
    "atlop": ("atlop.py", "transformer.py", "frozen.py", "pretrained.py", "pieces.py"),
}
"""What in backbones/ belongs to one backbone (or one family) alone; every other file there is shared by all."""
_GROUND = ("ground",)


def set_up_jobs() -> None:
    """Let jobs find this package and this Python, one thread each.

    Inside a conda environment its own Python comes first. Small matrices: one thread a job is fastest, and jobs run
    side by side.
    """
    paths = {"PYTHONPATH": str(SOURCE.parent), "PATH": str(Path(sys.executable).parent)}
    for name, first in paths.items():
        parts = os.environ.get(name, "").split(os.pathsep)
        os.environ[name] = os.pathsep.join([first, *(part for part in parts if part and part != first)])
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class Paths:
    """The files of one dataset's run, under ``results/<dataset>`` and ``logs/<dataset>``.

    Raises:
        InputError: figure 4 is to show a backbone that is not trained.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        plus = params["logire_plus"] is not None
        self.methods = METHODS if plus else METHODS[:-1]
        self.backbones = [name for name, settings in params["backbones"].items() if settings is not None]
        if params["figure4"]["backbone"] not in self.backbones:
            raise InputError(
                f"{params['figure4']['backbone']} is not among the backbones of this run",
                field="figure4.backbone",
                remedy=f"one of {', '.join(self.backbones) or 'none: give backbones'}",
            )
        self.results = f"results/{params['dataset']}"
        self.logs = f"logs/{params['dataset']}"
        names = ("train", "dev", "test", "rel2id", "ner2id", "corpus", "statistics")
        self.corpus = [f"{self.results}/corpus/{name}.json" for name in names]

    @property
    def raw(self) -> list[str]:
        """The raw data that preparing needs."""
        raw = self.params["data"]["raw"] or FETCHED.get(self.params["data"]["source"])
        return [raw] if raw else []

    def seeds(self, backbone: str) -> list[int]:
        """The seeds that a backbone is trained with."""
        found: list[int] = self.params["seeds_of"].get(backbone, self.params["seeds"])
        return found

    def run(self, method: str, backbone: object = "{backbone}", seed: object = "{seed}") -> str:
        """The folder of a run: of one, or with Snakemake's wildcards of all."""
        return f"{self.results}/runs/{method}/{backbone}/seed{seed}"

    def fold(self, backbone: object = "{backbone}", seed: object = "{seed}", fold: object = "{fold}") -> str:
        """The folder of a backbone trained without one fold; ``fold`` is ``2of3``."""
        return f"{self.results}/runs/folds/{backbone}/seed{seed}/{fold}"

    def out_of_fold(self, method: str, backbone: str, seed: object) -> list[str]:
        """The dumps a run trains on that together hold out-of-fold logits; none where it takes the backbone's own."""
        crossfit = self.params["crossfit"]
        if backbone not in crossfit["backbones"] or not self.fitting(method)["out_of_fold"]:
            return []
        folds = range(1, crossfit["folds"] + 1)
        return [f"{self.fold(backbone, seed, f'{k}of{len(folds)}')}/logits.safetensors" for k in folds]

    @property
    def folds(self) -> list[str]:
        """Every out-of-fold dump that LogiRE+ trains on."""
        if "logire_plus" not in self.methods:
            return []
        every = [(backbone, seed) for backbone in self.backbones for seed in self.seeds(backbone)]
        return [file for backbone, seed in every for file in self.out_of_fold("logire_plus", backbone, seed)]

    def fitting(self, method: str) -> dict[str, Any]:
        """How a method or variant is fitted: ``method``, ``out_of_fold``, ``settings``, ``variant``.

        A variant's settings are laid over those of its method.
        """
        folder, _, variant = method.rpartition("/")
        chosen: Params = self.params["variants"]["runs"][variant] if folder == VARIANTS else {"method": method}
        name = chosen["method"]
        return {
            "method": name,
            "out_of_fold": chosen.get("out_of_fold", name == "logire_plus"),
            "settings": {**self.params[name], **chosen.get("settings", {})},
            "variant": variant if folder == VARIANTS else None,
        }

    def fit_options(self, method: str) -> str:
        """The options of ``logire fit`` for a method or variant."""
        fitting = self.fitting(method)
        options = ["--method", fitting["method"], "--settings", settings_option(fitting["settings"])]
        return shlex.join(options + (["--variant", fitting["variant"]] if fitting["variant"] else []))

    def fitted_with(self, method: str) -> list[str]:
        """Files that a user gave and a fit reads."""
        gold_rules = self.fitting(method)["settings"].get("gold_rules")
        return [gold_rules] if gold_rules else []

    @property
    def compared(self) -> list[str]:
        """The metrics that the table of variants is made from: every variant, and the methods on its backbone."""
        variants = self.params["variants"]
        if variants is None:
            return []
        backbone = variants["backbone"]
        runs = [self.run(method, backbone, seed) for method in self.methods for seed in self.seeds(backbone)]
        runs += [
            self.run(f"{VARIANTS}/{name}", backbone, seed) for name in variants["runs"] for seed in variants["seeds"]
        ]
        return [f"{run}/metrics-{split}.json" for run in runs for split in ("dev", "test")]

    @property
    def variants(self) -> list[str]:
        """The table of variants and, with LogiRE+, the figure of its knob; nothing where no variants are asked for."""
        if not self.compared:
            return []
        return [*self.table("variants"), *(self.figure("frontier") if "logire_plus" in self.methods else [])]

    def metrics(self, *splits: str, methods: tuple[str, ...] | None = None) -> list[str]:
        """The metrics files of every run."""
        return [
            f"{self.run(method, backbone, seed)}/metrics-{split}.json"
            for backbone in self.backbones
            for seed in self.seeds(backbone)
            for method in methods or self.methods
            for split in splits
        ]

    def table(self, *names: str) -> list[str]:
        return [f"{self.results}/tables/{name}.{ending}" for name in names for ending in (*TABLE_FORMATS, SOURCES)]

    @property
    def table1(self) -> list[str]:
        """Table 1; the paper's numbers stand beside ours on its own corpora."""
        papers = self.params["data"]["source"] == "dwie" or self.params["dataset"] == "docred"
        return self.table("table1", *(["table1_paper"] if papers else []))

    @property
    def main_results(self) -> list[str]:
        """Table 2, or 3 for a corpus in DocRED's form; the paper's numbers stand beside ours on real DWIE only."""
        source = self.params["data"]["source"]
        if source in DOCRED:
            return self.table("table3")
        return self.table("table2", *(["table2_paper"] if source == "dwie" else []))

    @property
    def summary(self) -> str:
        """F1 by backbone, method and split; what ``dvc metrics`` shows."""
        return f"{self.results}/tables/summary.json"

    @property
    def main_title(self) -> str:
        """What the paper calls the main results."""
        return "Table 3" if self.params["data"]["source"] in DOCRED else "Table 2"

    @property
    def table4(self) -> list[str]:
        """Table 4, for a corpus in DocRED's form."""
        return self.table("table4") if self.params["data"]["source"] in DOCRED else []

    def figure(self, name: str) -> list[str]:
        return [f"{self.results}/figures/{name}.{ending}" for ending in (*FIGURE_FORMATS, SOURCES)]

    def shown(self, method: str, file: str) -> str:
        """A file of the run that is shown as the example: figure 4's backbone, the first seed."""
        backbone = self.params["figure4"]["backbone"]
        return f"{self.run(method, backbone, self.seeds(backbone)[0])}/{file}"

    @property
    def figure5(self) -> list[str]:
        return [f"{self.results}/figures/figure5.{ending}" for ending in ("png", "pdf", "json", SOURCES)]

    @property
    def explanations(self) -> str:
        """The page that explains every prediction of the shown run."""
        return f"{self.results}/report/explanations.html"

    @property
    def tables(self) -> list[str]:
        return [*self.table1, *self.main_results, *self.table4, *self.table("table5", "relations")]

    @property
    def figures(self) -> list[str]:
        return [*self.figure("figure3"), *self.figure("figure4"), *self.figure5]

    @property
    def everything(self) -> list[str]:
        """What ``snakemake`` makes when it is asked for nothing in particular."""
        return [*self.tables, *self.figures, *self.variants, self.summary, self.explanations]


def second_params(params: Params) -> dict[str, Any]:
    """The params of the run's second dataset: the file that ``also`` names, laid over ``params``; {} for none.

    Raises:
        InputError: the file is missing or no YAML mapping.
    """
    if not params["also"]:
        return {}
    try:
        other = yaml.safe_load(Path(params["also"]).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot be read ({error})", file=params["also"], field="also") from error
    if not isinstance(other, dict):
        raise InputError("a mapping was expected", file=params["also"], field="also")
    return _laid_over(params, other | {"also": None})


def _laid_over(base: Params, other: Params) -> dict[str, Any]:
    """``other`` over ``base``, mapping by mapping; anything else replaces what was there."""
    merged = dict(base)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(base.get(key), Mapping)
        merged[key] = _laid_over(base[key], value) if both else value
    return merged


def prepare_options(params: Params) -> str:
    """The kind of corpus and the options of ``logire prepare``."""
    data, source = params["data"], params["data"]["source"]
    raw = ["--raw", data["raw"] or FETCHED.get(source, "")]
    size = ["--seed", data["seed"], "--documents", *data["documents"]]
    sentences = "--sentences" if data["sentences"] else "--no-sentences"
    options: dict[str, list[Any]] = {
        "embedded": ["embedded", *size, sentences],
        "embedded-docred": ["embedded-docred", "--deleted", data["deleted"], *size],
        "dwie": ["dwie", *raw, sentences],
        "docred": ["docred", *raw, "--name", params["dataset"]],
        "docred-partial": ["docred-partial", *raw, "--labels", "original"],
        "redocred-partial": ["docred-partial", *raw, "--labels", "revised"],
    }
    return shlex.join(str(option) for option in options[source])


def training_resources(params: Params) -> dict[str, Callable[..., int]]:
    """What training asks a cluster's scheduler for, by backbone: memory, minutes, GPUs; more memory for a new try."""

    def asked(key: str, backbone: str) -> int:
        return int(params["cluster"]["pretrained" if backbone in PRETRAINED else "words"][key])

    return {
        "mem_mb": lambda wildcards, attempt: attempt * asked("mem_mb", wildcards.backbone),
        "runtime": lambda wildcards: asked("runtime", wildcards.backbone),
        "gpu": lambda wildcards: asked("gpu", wildcards.backbone),
    }


def logire_resources(params: Params) -> dict[str, Callable[..., int]]:
    """The same for LogiRE's EM."""
    asked = params["cluster"]["logire"]
    return {
        "mem_mb": lambda wildcards, attempt: attempt * asked["mem_mb"],
        "runtime": lambda wildcards: asked["runtime"],
        "gpu": lambda wildcards: asked["gpu"],
    }


def evaluate_options(evaluation: Params) -> str:
    """The options of ``logire evaluate``."""
    options = ["--distances", ",".join(str(edge) for edge in evaluation["distances"])]
    return shlex.join(options + (["--gold-rules", evaluation["gold_rules"]] if evaluation["gold_rules"] else []))


def table4_options(table4: Params) -> str:
    """The options of ``logire table4``."""
    return shlex.join(["--rules", table4["rules"]] if table4["rules"] else [])


def settings_option(settings: Params) -> str:
    """Settings as the JSON object that ``logire --settings`` takes; equal settings give equal text."""
    return json.dumps(settings, sort_keys=True)


def code(*parts: str) -> str:
    """A digest of the code a rule runs, which Snakemake can't see behind a shell command.

    Args:
        parts: files or folders of this package; what everything rests on is always among them.
    """
    digest = hashlib.sha256()
    for part in (*_GROUND, *parts):
        path = SOURCE / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.relative_to(SOURCE).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def content(path: str | None) -> str:
    """A digest of the bytes of a file or folder that a user gave: its modification time may be any. Empty for none."""
    return tree_digest(Path(path)) if path and Path(path).exists() else ""


def backbone_code(backbone: str) -> str:
    """The digest for one backbone: corpus, what all backbones share, and its own files."""
    somebodys = {file for files in _OWN_FILES.values() for file in files}
    shared = sorted(f.name for f in (SOURCE / "backbones").glob("*.py") if f.name not in somebodys)
    return code("corpus", *(f"backbones/{name}" for name in (*shared, *_OWN_FILES[backbone])))


def folder(files: Any) -> str:
    """The folder of a rule's first file."""
    return str(Path(files[0]).parent)


def stem(files: Any) -> str:
    """A rule's first file without its ending."""
    return str(Path(files[0]).with_suffix(""))
