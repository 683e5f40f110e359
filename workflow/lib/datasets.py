"""One dataset of a run: its files under ``results/<dataset>``, and the options of the commands that make them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logire.corpus.runfolder import Predicted, explanations_name, metrics_name, predictions_name
from logire.corpus.sources.registry import command_options
from logire.corpus.sources.registry import find as find_source
from logire.ground.errors import InputError
from logire.reporting.exhibits import Exhibit, exhibits
from logire.rules.methods import find as find_method
from logire.rules.methods import methods
from workflow.lib.checks import check
from workflow.lib.params import Params, Variant, given, laid_over
from workflow.lib.reading import preset

BACKBONE = "backbone"
"""The method that is the backbone alone."""
VARIANTS = "variants"
"""The folder, and the first part of the method wildcard, of runs that differ in some settings: ``variants/untied``."""
FITTED = f"{'|'.join(method.name for method in methods())}|{VARIANTS}/[a-z0-9_]+"
"""What is fitted on a backbone's logits, as a pattern of the method wildcard."""
CORPUS = tuple(f"{name}.json" for name in ("train", "dev", "test", "rel2id", "ner2id", "corpus", "statistics"))
"""The files of a prepared corpus, those first that every job reads."""
SCORED = ("dev", "test")
"""The splits that runs are measured on."""
PREDICTIONS = tuple(map(predictions_name, SCORED))
EXPLANATIONS = tuple(map(explanations_name, SCORED))
PREDICTED = tuple(map(Predicted.name, SCORED))
METRICS = tuple(map(metrics_name, SCORED))
RUN = "results/{dataset}/runs/{method}/{backbone}/seed{seed}"
BACKBONE_RUN = "results/{dataset}/runs/backbone/{backbone}/seed{seed}"
FOLD = "results/{dataset}/runs/folds/{backbone}/seed{seed}/{fold}"


class Dataset:
    """The files and options of one dataset.

    Raises:
        InputError: params that contradict each other; ``field`` names the key.
    """

    def __init__(self, name: str, params: Params) -> None:
        self.name = name
        self.params = params
        self.results = f"results/{name}"
        self.source = find_source(getattr(params.data, "source"))  # noqa: B009 (the class is made from the registry)
        self.methods = [BACKBONE, *(method.name for method in methods() if getattr(params, method.name) is not None)]
        self.backbones = [key for key in type(params.backbones).model_fields if self._settings(key) is not None]
        check(self)

    def _settings(self, backbone: str) -> Any:
        return getattr(self.params.backbones, backbone)

    def seeds(self, backbone: str) -> list[int]:
        """The seeds that a backbone is trained with."""
        return self.params.seeds_of.get(backbone, self.params.seeds)

    # ---- the corpus

    @property
    def corpus(self) -> list[str]:
        """The files of the prepared corpus."""
        return [f"{self.results}/corpus/{name}" for name in CORPUS]

    @property
    def raw_path(self) -> str | None:
        """The raw data that preparing reads: the user's own copy, or what is fetched; None where it is generated."""
        own: str | None = getattr(self.params.data, "raw")  # noqa: B009
        return own or self.source.fetched

    @property
    def raw(self) -> list[str]:
        return [self.raw_path] if self.raw_path else []

    @property
    def own_raw(self) -> list[str]:
        """The user's own copy; what is fetched is pinned and needs no digest."""
        own: str | None = getattr(self.params.data, "raw")  # noqa: B009
        return [own] if own else []

    @property
    def options(self) -> dict[str, Any]:
        """The source's options as the params give them; a source that asks for a name gets the dataset's."""
        chosen = given(self.params.data)
        options = {key: chosen[key] for key in self.source.Options.model_fields if chosen.get(key) is not None}
        return {"name": self.name} | options if "name" in self.source.Options.model_fields else options

    @property
    def prepare_options(self) -> list[str]:
        """The words of ``logire prepare`` after its name, but for where to write."""
        raw = ["--raw", self.raw_path] if self.raw_path else []
        return [self.source.name, *raw, *command_options(self.source, self.options)]

    # ---- runs

    def run(self, method: str, backbone: str, seed: object) -> str:
        """The folder of a run."""
        return RUN.format(dataset=self.name, method=method, backbone=backbone, seed=seed)

    def runs(self, *wanted: str) -> list[str]:
        """The folders of the runs of some methods, of all by default."""
        return [
            self.run(method, backbone, seed)
            for backbone in self.backbones
            for seed in self.seeds(backbone)
            for method in wanted or self.methods
        ]

    @property
    def everywhere(self) -> list[str]:
        """The variants that are fitted on every backbone, with all its seeds."""
        variants = self.params.variants
        return [f"{VARIANTS}/{name}" for name in variants.everywhere] if variants else []

    @property
    def rows(self) -> list[str]:
        """The runs behind the rows of Table 2: of the methods, and of the variants that every backbone has."""
        return self.runs(*self.methods, *self.everywhere)

    def out_of_fold(self, method: str, backbone: str, seed: object) -> list[str]:
        """The dumps that together hold a run's out-of-fold training logits; none where it takes the backbone's own."""
        chosen = self.params.crossfit.backbones
        if not self.fitting(method).out_of_fold or (chosen is not None and backbone not in chosen):
            return []
        return [f"{folder}/logits.safetensors" for folder in self.fold_runs(backbone, seed)]

    def fold_runs(self, backbone: str, seed: object) -> list[str]:
        """The folders of the backbones that were each trained without one fold."""
        return [FOLD.format(dataset=self.name, backbone=backbone, seed=seed, fold=fold) for fold in self.fold_names]

    @property
    def fold_names(self) -> list[str]:
        """``1of3``, ``2of3``, ``3of3``."""
        return [f"{k}of{self.params.crossfit.folds}" for k in range(1, self.params.crossfit.folds + 1)]

    def fitting(self, method: str) -> Variant:
        """How a method or variant is fitted: its method, its settings as given, whether on out-of-fold logits."""
        folder, _, name = method.rpartition("/")
        if folder != VARIANTS:
            return Variant(
                method=method, out_of_fold=find_method(method).out_of_fold, settings=given(getattr(self.params, method))
            )
        found = self.params.variants.runs.get(name) if self.params.variants else None
        if found is None:
            raise InputError(f"there is no variant {name} in the params of {self.name}", field="variants.runs")
        own = find_method(found.method).out_of_fold if found.out_of_fold is None else found.out_of_fold
        return Variant(method=found.method, out_of_fold=own, settings=self.laid_over_method(found))

    def laid_over_method(self, variant: Variant) -> dict[str, Any]:
        """A variant's settings over those of the file it is like, and these over those of its method."""
        own = given(getattr(self.params, variant.method))
        if variant.like is not None:
            own = laid_over(own, preset(Path(variant.like), variant.method))
        return laid_over(own, variant.settings)

    def fit_options(self, method: str) -> list[str]:
        """The options of ``logire fit`` for a method or variant."""
        fitting = self.fitting(method)
        options = ["--method", fitting.method, "--settings", as_option(fitting.settings)]
        folder, _, name = method.rpartition("/")
        return [*options, *(["--variant", name] if folder == VARIANTS else [])]

    def fitted_with(self, method: str) -> list[str]:
        """The files of the user's that a fit reads."""
        file = self.fitting(method).settings.get("gold_rules")
        return [file] if file else []

    def backbone_settings(self, backbone: str) -> str:
        """The settings of a backbone as ``logire train --settings`` takes them."""
        return as_option(given(self._settings(backbone)) if self._settings(backbone) is not None else {})

    @property
    def evaluated_with(self) -> list[str]:
        """The files of the user's that an evaluation reads."""
        return [self.params.evaluation.gold_rules] if self.params.evaluation.gold_rules else []

    @property
    def runs_files(self) -> list[str]:
        """The metrics of every run, of the variants' too."""
        return [f"{run}/{name}" for run in dict.fromkeys([*self.rows, *self.compared]) for name in METRICS]

    @property
    def evaluate_options(self) -> list[str]:
        """The options of ``logire evaluate``."""
        evaluation = self.params.evaluation
        options = ["--distances", ",".join(map(str, evaluation.distances))]
        return [*options, *(["--gold-rules", evaluation.gold_rules] if evaluation.gold_rules else [])]

    # ---- tables and figures

    @property
    def compared(self) -> list[str]:
        """The runs of the table of variants: every variant, and the methods on its backbone."""
        variants = self.params.variants
        if variants is None:
            return []
        found = [self.run(m, variants.backbone, seed) for m in self.methods for seed in self.seeds(variants.backbone)]
        for name in (f"{VARIANTS}/{name}" for name in variants.runs):
            seeds = self.seeds(variants.backbone) if name in self.everywhere else variants.seeds
            found += [self.run(name, variants.backbone, seed) for seed in seeds]
        return found

    @property
    def shown(self) -> list[str]:
        """The example: figure 4's backbone with its first seed, alone and with LogiRE."""
        backbone = self.params.figure4.backbone
        return [self.run(method, backbone, self.seeds(backbone)[0]) for method in (BACKBONE, self.methods[1])]

    @property
    def exhibits(self) -> list[Exhibit]:
        """The tables and figures that this dataset has."""
        return [exhibit for exhibit in workflow_exhibits() if self._has(exhibit)]

    def _has(self, exhibit: Exhibit) -> bool:
        if self.source.form not in exhibit.forms or (exhibit.papers and not self.is_papers):
            return False
        return exhibit.needs != "variants" or bool(self.compared)

    @property
    def is_papers(self) -> bool:
        """Whether the paper's own numbers may stand beside ours: its corpora, whole, under their own names."""
        return self.source.papers and (self.source.form == "dwie" or self.name == "docred")

    def _exhibit_runs(self, exhibit: Exhibit) -> list[str]:
        """The run folders that a table or figure is made from."""
        shown = {"shown": self.shown, "rules": self.shown[1:], "variants": self.compared}
        return (shown | {"runs": self.runs(), "rows": self.rows}).get(exhibit.needs, [])

    def exhibit_inputs(self, exhibit: Exhibit) -> list[str]:
        """The files that a table or figure is made from."""
        if exhibit.needs == "statistics":
            return [f"{self.results}/corpus/statistics.json"]
        if exhibit.needs == "documents":
            return [*self.corpus, *self._user_rules(exhibit)]
        if exhibit.needs == "shown":
            alone, with_rules = self.shown
            return [*self.corpus, f"{alone}/predictions-test.json", f"{with_rules}/explanations-test.jsonl"]
        names = ["run.json", "rules.csv"] if exhibit.needs == "rules" else ["run.json", *METRICS]
        return [f"{run}/{name}" for run in self._exhibit_runs(exhibit) for name in names]

    def _user_rules(self, exhibit: Exhibit) -> list[str]:
        return [self.params.table4.rules] if exhibit.name == "table4" and self.params.table4.rules else []

    def report_options(self, exhibit: Exhibit) -> list[str]:
        """The words of ``logire report`` for one table or figure."""
        options = ["--only", exhibit.name, "--out", self.results, "--backbone", self.params.figure4.backbone]
        options += ["--documents", f"{self.results}/corpus"]
        options += [word for file in self._user_rules(exhibit) for word in ("--rules", file)]
        return [*self._exhibit_runs(exhibit), *options]

    def exhibit_files(self, kind: str) -> list[str]:
        """The tables or the figures of this dataset."""
        return [file for exhibit in self.exhibits if exhibit.kind == kind for file in exhibit.files(self.results)]

    @property
    def explained(self) -> list[str]:
        """The files that the page of explanations is made from."""
        alone, with_rules = self.shown
        names = ("run.json", "explanations-test.jsonl", Predicted.name("test"))
        backbone = [f"{alone}/{name}" for name in ("run.json", "predictions-test.json")]
        return [*self.corpus, *backbone, *(f"{with_rules}/{name}" for name in names)]

    @property
    def explanations(self) -> str:
        """The page that explains every prediction of the shown run."""
        return f"{self.results}/report/explanations.html"

    @property
    def everything(self) -> list[str]:
        """What ``snakemake`` makes of this dataset when it is asked for nothing in particular."""
        return [*(file for exhibit in self.exhibits for file in exhibit.files(self.results)), self.explanations]


def workflow_exhibits() -> list[Exhibit]:
    """The tables and figures of a run: none that shows how long it took, for equal runs give equal bytes."""
    return [exhibit for exhibit in exhibits() if exhibit.needs != "records"]


def as_option(settings: Mapping[str, Any]) -> str:
    """Settings as the JSON object that ``--settings`` takes; equal settings give equal text."""
    return json.dumps(settings, sort_keys=True)
