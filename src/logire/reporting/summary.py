"""The run in a few numbers: F1 by backbone, method and split, for ``dvc metrics`` and for a quick look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from logire.ground.files import write_json
from logire.reporting.runs import group_runs, read_metrics


def summary(metrics: Sequence[Path], out: Path) -> None:
    """Write ``{backbone: {method: {"dev_f1": ..., "test_f1": ...}}}`` as JSON: means over seeds, two decimals.

    Args:
        metrics: the metrics files of every backbone, method, seed and split.

    Raises:
        InputError: no file, files of more than one corpus, a run twice, or a seed that only one method has.
    """
    found = read_metrics(metrics)
    numbers: dict[str, dict[str, dict[str, float]]] = {}
    for split in ("dev", "test"):
        for backbone, methods in group_runs(found, split).items():
            for method, seeds in methods.items():
                f1 = mean(float(item.values["f1"]) for item in seeds.values())
                numbers.setdefault(backbone, {}).setdefault(method, {})[f"{split}_f1"] = round(f1, 2)
    write_json(out, numbers)
