"""The run in a few numbers: F1 by backbone, method and split, for ``dvc metrics`` and for a quick look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from logire.files import write_json
from logire.reporting.runs import group_runs, read_metrics, series


def summary(metrics: Sequence[Path], out: Path) -> None:
    """Write ``{backbone: {method: {split: {metric: mean over seeds}}}}`` as JSON, in percent, two decimals.

    Args:
        metrics: the metrics files of every backbone, method, seed and split.

    Raises:
        InputError: no file, files of more than one corpus, a run twice, or a seed that only one method has.
    """
    found = read_metrics(metrics)
    numbers: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for split in ("dev", "test"):
        for backbone, methods in group_runs(found, split).items():
            for method, seeds in methods.items():
                means = {
                    metric: round(mean(values), 2)
                    for metric in ("f1", "ign_f1", "logic")
                    if (values := series(seeds, metric)) is not None
                }
                numbers.setdefault(backbone, {}).setdefault(method, {})[split] = means
    write_json(out, numbers)
