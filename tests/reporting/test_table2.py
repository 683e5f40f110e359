"""Table 2 from metrics files: values, significance, captions, the paper's figures, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting_builders import CORRECT, made, row, rows, write_metrics, write_runs
from scipy import stats

from logire.evaluation.metrics import find
from logire.evaluation.significance import paired_bootstrap
from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.reporting.paper.compared import published
from logire.reporting.report import make_report
from logire.reporting.selection import Runs

GAINS = [2.0, 2.1, 1.9, 2.0, 2.2]


def test_numbers_in_full(tmp_path: Path) -> None:
    made("table2", write_runs(tmp_path, GAINS), tmp_path)
    found = row(tmp_path / "tables" / "table2.csv", method="logire", split="test", metric="f1")
    base = np.arange(50.0, 55.0)
    assert float(found["mean"]) == pytest.approx((base + GAINS).mean())
    assert float(found["sd"]) == pytest.approx((base + GAINS).std(ddof=1))
    assert float(found["gain"]) == pytest.approx(np.mean(GAINS))
    assert float(found["gain_sd"]) == pytest.approx(np.std(GAINS, ddof=1))
    assert float(found["effect_size"]) == pytest.approx(np.mean(GAINS) / np.std(GAINS, ddof=1))
    assert float(found["p"]) == pytest.approx(stats.ttest_rel(base + GAINS, base).pvalue)
    # Two headline metrics: the smaller p value is doubled; here both are the same, ign F1 gains half as much.
    assert float(found["p_holm"]) == pytest.approx(2 * float(found["p"]))
    counts = np.array([[[g, g, c, i, 0] for g, c, i in zip((5, 6, 7), CORRECT["test"], (1, 0, 0), strict=True)]] * 5)
    bootstrap = paired_bootstrap(counts, counts + np.array([0, 0, 1, 0, 0]), find("f1"))
    assert (float(found["bootstrap_low"]), float(found["bootstrap_p"])) == (bootstrap.low, bootstrap.p)
    # Dev is not tested, a backbone has no gain, every metric is recorded.
    assert row(tmp_path / "tables" / "table2.csv", method="logire", split="dev", metric="f1")["p"] == ""
    assert row(tmp_path / "tables" / "table2.csv", method="backbone", split="test", metric="f1")["gain"] == ""
    assert len(rows(tmp_path / "tables" / "table2.csv")) == 2 * 2 * 6


def test_readable_forms(tmp_path: Path) -> None:
    made("table2", write_runs(tmp_path, GAINS), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert (
        "| Model | Dev ign F1 | Dev F1 | Dev logic | Test ign F1 | Test F1 | Test logic | p, ign F1 | p, F1 |" in text
    )
    assert "<u>54.04 ± 1.63 (+2.04)</u>" in text
    assert "| BiLSTM | 42.00 ± 1.58 | 52.00 ± 1.58 | 60.00 ± 0.00 |" in text
    assert text.count("<u>") == 2  # test F1 and ign F1; dev is not tested
    assert "&lt; 0.001 (&lt; 0.001)" in text
    assert "SYNTHETIC corpus: not comparable with the paper" in text
    assert "over 5 seeds" in text
    assert "logic score is 97.4 (dev), 97.4 (test)" in text
    assert "made from 20 files of 10 runs, listed by SHA-256 in table2.sources.json." in text
    latex = (tmp_path / "tables" / "table2.tex").read_text()
    assert r"\underline{54.04 $\pm$ 1.63 (+2.04)}" in latex
    assert "SYNTHETIC" in latex


@pytest.mark.parametrize(("seeds", "underlined"), [(2, 0), (4, 0), (5, 2)])
def test_with_fewer_than_five_seeds_nothing_is_underlined(tmp_path: Path, seeds: int, underlined: int) -> None:
    """Gains of 2 and 2.0001 by turns: p is far below 0.01 with two seeds already."""
    made("table2", write_runs(tmp_path, [2.0, 2.0001, 2.0, 2.0001, 2.0][:seeds]), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert float(row(tmp_path / "tables" / "table2.csv", method="logire", split="test", metric="f1")["p_holm"]) < 0.01
    assert text.count("<u>") == underlined
    if underlined:
        assert "underlined: corrected p < 0.01 with at least 5 seeds." in text
    else:
        assert "nothing is underlined: that takes 5 seeds." in text


def test_the_corrected_p_decides_what_is_underlined(tmp_path: Path) -> None:
    """Five gains of mean m and deviation s: t = m sqrt(5) / s, and 4.604 is p = 0.01 with 4 degrees of freedom.

    With (1.4, 1.7, 2, 2.3, 2.6), s is 0.4743 and t 9.43: p = 0.0007. With (1, 1.5, 2, 2.5, 3), s is 0.7906 and t 5.66:
    p = 0.0048. ign F1 gains half as much, so its p is the same: the table's two tests are one family, and the second
    p becomes 0.0096, the first 0.0014. A second backbone without a change makes it a family of four.
    """
    for name, gains, corrected in (("clear", [1.4, 1.7, 2, 2.3, 2.6], 0.0014), ("close", [1, 1.5, 2, 2.5, 3], 0.0096)):
        files = write_runs(tmp_path / name, gains)
        made("table2", files, tmp_path / name)
        found = row(tmp_path / name / "tables" / "table2.csv", method="logire", split="test", metric="f1")
        assert float(found["p_holm"]) == pytest.approx(corrected, abs=5e-5)
        assert (tmp_path / name / "tables" / "table2.md").read_text().count("<u>") == 2
    files += write_runs(tmp_path / "other", [0.1, -0.1, 0.1, -0.1, 0.0], backbone="lstm")
    made("table2", files, tmp_path / "four")
    found = row(tmp_path / "four/tables/table2.csv", backbone="bilstm", method="logire", split="test", metric="f1")
    assert float(found["p"]) < 0.01 < float(found["p_holm"]) == pytest.approx(4 * 0.0048, abs=2e-4)
    text = (tmp_path / "four" / "tables" / "table2.md").read_text()
    assert "<u>" not in text
    assert "underlined: corrected p < 0.01" in text


def test_a_gain_that_varies_is_not_underlined(tmp_path: Path) -> None:
    made("table2", write_runs(tmp_path, [2.0, -3.0, 4.0]), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert "<u>" not in text
    assert "(+1.00)" in text


def test_one_seed_is_not_tested(tmp_path: Path) -> None:
    made("table2", write_runs(tmp_path, [2.0]), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert "| BiLSTM + LogiRE | 41.00 (+1.00) | 52.00 (+2.00) | 70.00 (+10.00) |" in text
    assert "| one seed: no test | one seed: no test |" in text
    assert "<u>" not in text
    found = row(tmp_path / "tables" / "table2.csv", method="logire", split="test", metric="f1")
    assert (found["sd"], found["p"], found["seeds"]) == ("", "", "1")


def test_a_backbone_with_fewer_seeds_is_named(tmp_path: Path) -> None:
    files = write_runs(tmp_path / "a", [2.0, 2.5, 1.5])
    files += write_runs(tmp_path / "b", [1.0], backbone="gain") + write_runs(tmp_path / "c", [1.0, 2.0], backbone="cnn")
    made("table2", files, tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert "mean ± standard deviation over 3 seeds (CNN: 2 seeds, GAIN: 1 seed), the gain" in text
    assert "| GAIN + LogiRE | 40.50 (+0.50) | 51.00 (+1.00) |" in text


def test_no_logic_score(tmp_path: Path) -> None:
    made("table2", write_runs(tmp_path, [1.0, 2.0], logic=False), tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert "No gold rule applies to this corpus" in text
    assert "| BiLSTM | 40.50 ± 0.71 | 50.50 ± 0.71 | – |" in text


def test_another_method_gets_its_own_row(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [1.0, 1.5])
    files += [
        write_metrics(tmp_path, method="logire_plus", seed=seed, split=split, f1=60.0)
        for seed in (0, 1)
        for split in ("dev", "test")
    ]
    made("table2", files, tmp_path)
    text = (tmp_path / "tables" / "table2.md").read_text()
    assert "| BiLSTM + LogiRE+ |" in text
    assert text.index("| BiLSTM |") < text.index("| BiLSTM + LogiRE |") < text.index("| BiLSTM + LogiRE+ |")


def test_backbones_stand_in_the_papers_order(tmp_path: Path) -> None:
    files = [
        file
        for backbone in ("mine", "atlop", "context_aware", "cnn")
        for file in write_runs(tmp_path, [1.0], backbone=backbone)
    ]
    made("table2", files, tmp_path)
    lines = (tmp_path / "tables" / "table2.md").read_text().splitlines()
    names = [line.split("|")[1].strip() for line in lines if line.startswith("|")][2::2]
    assert names == ["CNN", "Context-Aware", "ATLOP", "mine"]


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [1.0, 2.5])
    written = []
    for out, order in ((tmp_path / "a", files), (tmp_path / "b", files[::-1])):
        stem = made("table2", order, out)
        written.append({file.name: file.read_bytes() for file in stem.parent.iterdir()})
    assert written[0].keys() == {f"table2.{ending}" for ending in ("csv", "md", "tex", "html", "sources.json")}
    assert written[0] == written[1]


def real_dwie(tmp_path: Path, sizes: dict[str, int], name: str = "dwie", *, synthetic: bool = False) -> list[Path]:
    return [
        write_metrics(tmp_path, method=method, split=split, corpus=name, synthetic=synthetic, documents=documents)
        for method in ("backbone", "logire")
        for split, documents in sizes.items()
    ]


def test_the_papers_figures_stand_beside_those_of_real_dwie(tmp_path: Path) -> None:
    files = real_dwie(tmp_path, {"dev": 98, "test": 99})
    made("table2", files, tmp_path)
    made("table2_paper", files, tmp_path)
    assert "SYNTHETIC" not in (tmp_path / "tables" / "table2.md").read_text()
    found = row(tmp_path / "tables" / "table2_paper.csv", method="logire", split="test", metric="ign_f1_logire")
    assert float(found["paper"]) == 43.65
    assert float(found["ours"]) == 41.0
    assert float(found["difference"]) == pytest.approx(41.0 - 43.65)
    text = (tmp_path / "tables" / "table2_paper.md").read_text()
    line = "| BiLSTM + LogiRE | test | 43.65 | 40.00 | -3.65 | 43.65 | 41.00 | -2.65 | 55.14 | 50.00 | -5.14 |"
    assert line in text


def test_one_split_alone_is_compared_with_the_paper(tmp_path: Path) -> None:
    made("table2_paper", real_dwie(tmp_path, {"test": 99}), tmp_path)
    assert {found["split"] for found in rows(tmp_path / "tables" / "table2_paper.csv")} == {"test"}


@pytest.mark.parametrize(
    ("sizes", "name", "synthetic"),
    [
        ({"dev": 98, "test": 99}, "embedded", True),
        ({"dev": 98, "test": 99}, "dwie", True),
        ({"dev": 98, "test": 99}, "docred", False),
        ({"dev": 98, "test": 20}, "dwie", False),
    ],
)
def test_the_papers_figures_stand_nowhere_else(
    tmp_path: Path, sizes: dict[str, int], name: str, synthetic: bool
) -> None:
    files = real_dwie(tmp_path, sizes, name, synthetic=synthetic)
    with pytest.raises(InputError, match="not the paper's documents"):
        made("table2_paper", files, tmp_path)
    found = make_report(list({file.parent: None for file in files}), tmp_path)
    main = "table3" if name == "docred" else "table2"
    assert main in {exhibit.name for exhibit in found.made}
    assert "table2_paper" in found.left_out
    assert not list(tmp_path.rglob("table2_paper*"))


def test_the_papers_figures_are_consistent() -> None:
    dwie = published("Table 2", "dwie")
    assert len(dwie) == 24
    assert dwie["test", "ATLOP + LogiRE"] == {"ign_f1": 64.11, "f1": 71.78, "logic": 86.07}
    assert published("Table 3", "docred")["test", "GAIN"] == {"ign_f1": 57.93, "f1": 60.07}
    assert published("Table 1", "docred")["test", ""] == {"documents": 1000, "relations": 96, "entities": 19539}


class TestRefusals:
    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no runs were given"):
            made("table2", [], tmp_path)

    def test_two_versions_of_a_corpus(self, tmp_path: Path) -> None:
        files = write_runs(tmp_path, [1.0])
        digests = {"params_digest": "p", "data_digest": "another"}
        files[0] = write_metrics(tmp_path, split="dev", sources=digests)
        with pytest.raises(InputError, match=r"sources\.data_digest: measured on another version"):
            made("table2", files, tmp_path)

    def test_mixed_corpora(self, tmp_path: Path) -> None:
        files = [*write_runs(tmp_path, [1.0]), *write_runs(tmp_path, [1.0], corpus="dwie", synthetic=False)]
        with pytest.raises(InputError, match="one report for each corpus"):
            made("table2", files, tmp_path)

    @pytest.mark.parametrize("method", ["backbone", "logire"])
    def test_a_seed_of_one_method_only(self, tmp_path: Path, method: str) -> None:
        files = write_runs(tmp_path, [1.0])
        files += [write_metrics(tmp_path, method=method, seed=7, split=split) for split in ("dev", "test")]
        with pytest.raises(InputError, match="seed 7 has metrics of"):
            made("table2", files, tmp_path)

    @pytest.mark.parametrize("method", ["backbone", "logire"])
    def test_one_method_only(self, tmp_path: Path, method: str) -> None:
        files = [write_metrics(tmp_path, method=method, split=split) for split in ("dev", "test")]
        with pytest.raises(InputError, match="seed 0 has metrics of"):
            made("table2", files, tmp_path)

    def test_a_run_of_one_split_only(self, tmp_path: Path) -> None:
        files = write_runs(tmp_path, [1.0, 2.0])
        (tmp_path / "embedded-bilstm-logire-1" / "metrics-test.json").unlink()
        with pytest.raises(InputError, match="seed 1 has metrics of the dev split only"):
            made("table2", files, tmp_path)

    def test_the_same_run_twice(self, tmp_path: Path) -> None:
        files = [*write_runs(tmp_path / "a", [1.0]), *write_runs(tmp_path / "b", [1.0])]
        with pytest.raises(InputError, match="the same run as") as caught:
            made("table2", files, tmp_path)
        assert caught.value.file == str(files[4].parent / "run.json")

    def test_metrics_of_another_run(self, tmp_path: Path) -> None:
        files = write_runs(tmp_path, [1.0])
        write_json(files[0].parent / "run.json", read_json(files[0].parent / "run.json") | {"seed": 3})
        with pytest.raises(InputError, match=r"is not what run\.json and the file's name say") as caught:
            made("table2", files, tmp_path)
        assert (caught.value.file, caught.value.field) == (str(files[0]), "run.seed")

    def test_folders_without_a_run(self, tmp_path: Path) -> None:
        for path, message in ((tmp_path, "holds no run"), (tmp_path / "nowhere", "is not a folder")):
            with pytest.raises(InputError, match=message):
                Runs.read([path])

    @pytest.mark.parametrize("key", ["backbone", "method", "seed"])
    def test_a_record_without_its_names(self, tmp_path: Path, key: str) -> None:
        file = write_metrics(tmp_path)
        values = read_json(file.parent / "run.json")
        write_json(file.parent / "run.json", {name: value for name, value in values.items() if name != key})
        with pytest.raises(InputError) as caught:
            made("table2", [file], tmp_path)
        assert caught.value.field in (key, f"run.{key}")

    def test_predictions_without_a_run(self, tmp_path: Path) -> None:
        file = write_metrics(tmp_path, run={})
        with pytest.raises(InputError, match=r"run\.backbone") as caught:
            made("table2", [file], tmp_path)
        assert caught.value.file == str(file)

    def test_other_documents(self, tmp_path: Path) -> None:
        files = write_runs(tmp_path, [1.0])
        other = {name: [1, 2] for name in ("gold", "predicted", "correct", "gold_in_train", "correct_in_train")}
        write_metrics(tmp_path, method="logire", split="test", per_document=other)
        with pytest.raises(InputError, match="other documents"):
            made("table2", files, tmp_path)

    def test_a_split_of_training(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="dev or the test split"):
            made("table2", [write_metrics(tmp_path, split="train", per_document={})], tmp_path)

    def test_nothing_is_written(self, tmp_path: Path) -> None:
        with pytest.raises(InputError):
            made("table2", [write_metrics(tmp_path)], tmp_path)
        assert not (tmp_path / "tables").exists()


def test_a_metric_that_a_run_lacks_is_missing(tmp_path: Path) -> None:
    files = write_runs(tmp_path, [1.0, 2.0])
    values = read_json(files[1])
    del values["ign_f1"], values["recall"]
    write_json(files[1], values)
    made("table2", files, tmp_path)
    assert (
        "| BiLSTM | 40.50 ± 0.71 | 50.50 ± 0.71 | 60.00 ± 0.00 | – | 50.50 ± 0.71 | 60.00 ± 0.00 |"
        in (tmp_path / "tables" / "table2.md").read_text()
    )
    found = row(tmp_path / "tables" / "table2.csv", method="logire", split="test", metric="ign_f1")
    assert (float(found["mean"]), found["gain"], found["p"]) == (41.25, "", "")
