"""The run in a few numbers: F1 by backbone, method and split, for ``dvc metrics`` and for a quick look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logire.ground.files import write_json
from logire.reporting.frame import summarise, tidy
from logire.reporting.material import Material


@dataclass(frozen=True)
class Numbers:
    """``{backbone: {method: {"dev_f1": ..., "test_f1": ...}}}``: means over seeds in percent, two decimals."""

    values: dict[str, dict[str, dict[str, float]]]

    def write(self, stem: Path) -> None:
        """Write ``stem.json``."""
        write_json(stem.with_name(f"{stem.name}.json"), self.values)


def summary(material: Material) -> Numbers:
    """F1 on dev and test of every backbone and method.

    Raises:
        InputError: no scored run, or a seed that only one method has.
    """
    numbers: dict[str, dict[str, dict[str, float]]] = {}
    for row in summarise(tidy(material.runs.main(), ("f1",))):
        backbone, method, split = (row.key[key] for key in ("backbone", "method", "split"))
        if row.mean is not None:
            numbers.setdefault(backbone, {}).setdefault(method, {})[f"{split}_f1"] = round(row.mean, 2)
    return Numbers(numbers)
