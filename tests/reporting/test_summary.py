"""summary.json: the means over seeds, in percent."""

from __future__ import annotations

import json

from reporting_builders import write_runs

from logire.reporting.summary import summary


def test_means_over_seeds_by_backbone_method_and_split(tmp_path):
    summary(write_runs(tmp_path, [4.0, 1.0]), tmp_path / "summary.json")
    found = json.loads((tmp_path / "summary.json").read_text())
    base, ours = found["bilstm"]["backbone"], found["bilstm"]["logire"]
    assert base["test"] == {"f1": 50.5, "ign_f1": 40.5, "logic": 60.0}
    assert ours["dev"] == {"f1": 53.0, "ign_f1": 41.75, "logic": 70.0}


def test_a_corpus_without_gold_rules_has_no_logic(tmp_path):
    summary(write_runs(tmp_path, [4.0], logic=False), tmp_path / "summary.json")
    assert set(json.loads((tmp_path / "summary.json").read_text())["bilstm"]["logire"]["test"]) == {"f1", "ign_f1"}
