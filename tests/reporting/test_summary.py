"""summary.json: the means over seeds, in percent."""

from __future__ import annotations

import json

from reporting_builders import write_runs

from logire.reporting.summary import summary


def test_means_over_seeds_by_backbone_method_and_split(tmp_path):
    summary(write_runs(tmp_path, [4.0, 1.0]), tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == {
        "bilstm": {"backbone": {"dev_f1": 50.5, "test_f1": 50.5}, "logire": {"dev_f1": 53.0, "test_f1": 53.0}}
    }
