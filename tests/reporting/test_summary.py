"""summary.json: the means over seeds, in percent."""

from __future__ import annotations

import json

from reporting_builders import made, write_runs


def test_means_over_seeds_by_backbone_method_and_split(tmp_path):
    made("summary", write_runs(tmp_path, [4.0, 1.0]), tmp_path)
    assert json.loads((tmp_path / "tables" / "summary.json").read_text()) == {
        "bilstm": {"backbone": {"dev_f1": 50.5, "test_f1": 50.5}, "logire": {"dev_f1": 53.0, "test_f1": 53.0}}
    }
