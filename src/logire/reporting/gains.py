"""The gain of a method over its backbone, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from logire.corpus.document import IntArray
from logire.evaluation.counts import COUNTS
from logire.evaluation.significance import Bootstrap, PairedTest, holm, paired_bootstrap, paired_t_test
from logire.ground.errors import InputError
from logire.reporting.runs import BACKBONE, Metrics, Runs, series
from logire.reporting.tables import Value

HEADLINE = ("ign_f1", "f1")
"""The metrics whose tests are one family for Holm's correction."""
TESTED = (*HEADLINE, "ign_f1_logire")


@dataclass(frozen=True)
class Significance:
    """How sure a gain is: t-test over seeds, Holm's p over the table's headline metrics, bootstrap over documents."""

    test: PairedTest
    p_holm: float | None
    bootstrap: Bootstrap

    def as_record(self) -> dict[str, Value]:
        return {
            "p": self.test.p,
            "p_holm": self.p_holm,
            "effect_size": self.test.effect_size,
            "bootstrap_low": self.bootstrap.low,
            "bootstrap_high": self.bootstrap.high,
            "bootstrap_p": self.bootstrap.p,
        }


# (backbone, method, metric) -> significance of the gain
Gains = Mapping[tuple[str, str, str], Significance]


def find_gains(runs: Runs) -> Gains:
    """Test every method against its backbone, on one split.

    Raises:
        InputError: the two were not scored on the same documents.
    """
    keys = [(b, m, metric) for b, methods in runs.items() for m in methods if m != BACKBONE for metric in TESTED]
    tests = {
        (b, m, metric): paired_t_test(series(runs[b][BACKBONE], metric) or [], series(runs[b][m], metric) or [])
        for b, m, metric in keys
    }
    family = [key for key in keys if key[2] in HEADLINE]
    corrected = dict(zip(family, holm([tests[key].p for key in family]), strict=True))
    return {
        (b, m, metric): Significance(
            tests[b, m, metric],
            corrected.get((b, m, metric)),
            paired_bootstrap(*_document_counts(runs[b][BACKBONE], runs[b][m]), metric),
        )
        for b, m, metric in keys
    }


def _document_counts(base: dict[int, Metrics], ours: dict[int, Metrics]) -> tuple[IntArray, IntArray]:
    """Both methods' counts, (seeds, documents, 5) each."""
    first = base[min(base)]
    gold = first.values["per_document"]["gold"]
    for item in (*base.values(), *ours.values()):
        if item.values["per_document"]["gold"] != gold:
            raise InputError(
                f"scored on other documents than {first.file}",
                file=item.file,
                remedy="score all runs on the same prepared corpus",
            )
    base_counts, our_counts = (
        np.array([[seeds[s].values["per_document"][name] for name in COUNTS] for s in sorted(seeds)], dtype=np.int64)
        for seeds in (base, ours)
    )
    return base_counts.transpose(0, 2, 1), our_counts.transpose(0, 2, 1)
