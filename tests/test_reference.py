"""The kept results: every table follows from the kept numbers, and they hold nothing but numbers."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from types import ModuleType

import pandas as pd
import pytest

from logire.evaluation.metrics import find
from logire.ground.files import write_json
from logire.reporting.kept import Kept, keep, read
from logire.trial.record import Counted, Result, Trial

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reference" / "dwie"
SHOWN = "atlop"


@pytest.fixture(scope="module")
def runs() -> list[Kept]:
    return read(REFERENCE)


def table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def unpack(runs: list[Kept], folder: Path) -> list[Path]:
    """Run folders with the files that the runs were kept from."""
    for run in runs:
        own = folder / run.name
        run.record.write(own)
        for split, values in run.metrics.items():
            write_json(own / f"metrics-{split}.json", values)
        pd.DataFrame(run.history).to_csv(own / "history.csv", index=False)
        if run.rules is not None:
            run.rules.to_csv(own / "rules.csv", index=False)
    return [folder / run.name for run in runs]


def check(reference: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "reference" / "reference.py", "check", reference]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_the_tables_follow_from_the_numbers_and_a_changed_number_is_found(tmp_path: Path) -> None:
    done = check(REFERENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    changed = shutil.copytree(REFERENCE, tmp_path / "dwie")
    file = changed / "documents.csv"
    row = next(line for line in file.read_text().splitlines() if line.startswith(f"logire/{SHOWN}/seed1,test,correct,"))
    *cells, last = row.split(",")
    file.write_text(file.read_text().replace(row, ",".join([*cells, str(int(last) + 1)])))
    done = check(changed)
    assert done.returncode == 1
    assert "tables/table2.csv" in done.stdout


@pytest.mark.parametrize("folder", sorted((ROOT / "reference" / "trial").glob("*/")), ids=lambda folder: folder.name)
def test_a_trial_s_table_follows_from_its_counts(folder: Path) -> None:
    done = check(folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_trial_is_kept_and_grows(tmp_path: Path) -> None:
    counted = {"backbone": Counted([[3, 2, 1, 0, 0]], [], 0.1), "logire_plus": Counted([[3, 4, 2, 0, 0]], [], 0.1)}
    for seed in (1, 2):
        made = {name: Result(name, 0.0, {"dev": found, "test": found}) for name, found in counted.items()}
        file = tmp_path / f"results{seed}" / "lstm" / f"seed{seed}.json"
        file.parent.mkdir(parents=True)
        Trial("made up", True, "lstm", seed, {"commit": None}, "0", [], made).write(file)
        command = [sys.executable, ROOT / "reference" / "reference.py", "collect", file.parents[1], tmp_path / "kept"]
        subprocess.run([*command, "--add"], check=True)
    assert len(list((tmp_path / "kept" / "lstm").iterdir())) == 2
    assert "lstm 2" in (tmp_path / "kept" / "tables" / "trial.md").read_text()
    assert check(tmp_path / "kept").returncode == 0
    file = tmp_path / "kept" / "lstm" / "seed2.json"
    file.write_text(file.read_text().replace("[3, 4, 2, 0, 0]", "[3, 4, 3, 0, 0]"))
    changed = check(tmp_path / "kept")
    assert (changed.returncode, "tables/trial.csv" in changed.stdout) == (1, True)


def row_of(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[key] for key in ("backbone", "method", "variant", "split"))


def test_table_2_holds_the_means_of_the_kept_runs(runs: list[Kept]) -> None:
    seeds = defaultdict(list)
    for run in runs:
        for split, values in run.metrics.items():
            seeds[run.record.backbone, run.record.method, run.record.variant or "", split].append(values)
    having = defaultdict(set)
    for backbone, _, variant, _ in seeds:
        having[variant].add(backbone)
    seeds = {key: found for key, found in seeds.items() if having[key[2]] == having[""]}  # others: tables/variants.*
    rows = table("tables/table2.csv")
    assert {row_of(row) for row in rows} == seeds.keys()
    for row in rows:
        metric = find(row["metric"])
        values = [metric.of(found) for found in seeds[row_of(row)]]
        assert row["seeds"] == str(len(values))
        assert row["mean"] == str(mean(values))
        assert row["sd"] == (str(stdev(values)) if len(values) > 1 else "")


def test_figure_4_and_the_relations_hold_the_means_of_the_kept_runs(runs: list[Kept]) -> None:
    seeds = defaultdict(list)
    for run in runs:
        if run.metrics and run.record.backbone == SHOWN and not run.record.variant:
            seeds[run.record.method].append(run.metrics["test"])
    groups = [group["from"] for group in seeds["backbone"][0]["by_distance"]]
    rows = table("figures/figure4.csv")
    assert {row["method"] for row in rows} == seeds.keys()
    for row in rows:
        found = [values["by_distance"][groups.index(int(row["from"]))] for values in seeds[row["method"]]]
        assert row["mean"] == str(mean(group[row["metric"]] for group in found))
        assert (row["pairs"], row["gold"]) == (str(found[0]["pairs"]), str(found[0]["gold"]))
    for row in table("tables/relations.csv"):
        found = [values["per_relation"][row["relation"]] for values in seeds[row["method"]]]
        assert row["mean"] == str(mean(relation["f1"] for relation in found))
        assert row["gold"] == str(found[0]["gold"])


def test_table_5_shows_kept_rules(runs: list[Kept]) -> None:
    (run,) = (run for run in runs if run.rules is not None)
    assert run.name == f"logire/{SHOWN}/seed1"
    rules = run.rules.to_dict("records")
    assert len(rules) == run.record.rules
    for row in table("tables/table5.csv"):
        row.pop("gold")
        assert row["kind"] == ("chain" if "^" in row["body"] else "pair")
        assert row in rules


def test_the_files_are_those_that_keeping_writes(runs: list[Kept], tmp_path: Path) -> None:
    """Unpacked into run folders and kept again, the runs give the same bytes."""
    again = unpack(runs, tmp_path / "runs")
    keep(again, tmp_path / "kept", with_rules=[tmp_path / "runs" / "logire" / SHOWN / "seed1"])
    kept = {file.name: file.read_bytes() for file in (tmp_path / "kept").iterdir()}
    assert kept == {file.name: file.read_bytes() for file in REFERENCE.glob("*.csv")}


def test_every_run_is_traceable_and_was_made_from_committed_code(runs: list[Kept]) -> None:
    assert runs
    for run in runs:
        assert run.record.git["commit"]
        assert run.record.git["dirty"] is False
        assert len(run.record.data_digest or "") == 64
        assert run.metrics.keys() == (set() if run.record.method == "fold" else {"dev", "test"})
        assert run.history
    assert len({run.record.data_digest for run in runs}) == 1


def test_it_holds_no_predictions_and_no_documents() -> None:
    parts = {file.name for file in REFERENCE.iterdir()}
    tables = ("runs", "values", "evaluations", "documents", "relations", "distances", "logic", "rules")
    histories = ("history-epoch", "history-iteration", "history-round")
    files = {f"{name}.csv" for name in (*tables, *histories)}
    assert parts == files | {"README.md", "corpus", "tables", "figures"}
    assert {file.name for file in (REFERENCE / "corpus").iterdir()} == {"statistics.json"}


def script(name: str) -> ModuleType:
    """A script of the folder ``reference``."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "reference" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "reference")  # as a script has it, for those that share a module
        spec.loader.exec_module(module)
    return module


def test_the_readme_shows_the_measured_numbers() -> None:
    module = script("readme")
    text = (ROOT / "README.md").read_text()
    tables = {name: make(REFERENCE) for name, make in module.TABLES.items()}
    for table in tables.values():
        assert table in text, "python reference/readme.py"
    assert len(tables["measured"].splitlines()) == 2 + 18
    assert len(tables["causes"].splitlines()) == 2 + 2 + 3 + 4 + 1
    own = module.table2(REFERENCE)["bilstm", "logire_plus", ""]
    dev, test = (own[split, "f1"] for split in ("dev", "test"))
    assert f" | **{float(test['mean']):.2f}" in tables["measured"]
    assert f" | {float(dev['mean']):.2f} / {float(test['mean']):.2f} | " in tables["causes"]
    assert "| backbone, the paper's | 47.73 / 46.14 | 51.77 / 52.60 | " in tables["causes"]
    assert len(text.splitlines()) - sum(len(table.splitlines()) for table in tables.values()) <= 150, (
        "it is to be short"
    )


def test_the_gains_beside_the_numbers_are_differences_of_their_rows() -> None:
    module = script("readme")
    made = module.gains(REFERENCE)
    assert made in (REFERENCE / "README.md").read_text(), "python reference/readme.py"
    found = module.table2(REFERENCE)
    plus, alone = (float(found["cnn", *row]["test", "f1"]["mean"]) for row in (("logire_plus", ""), ("backbone", "")))
    assert f"\n| LogiRE+ | {plus - alone:.2f} | " in made


def test_the_prose_says_what_the_tables_say() -> None:
    module = script("readme")
    for file, said in ((ROOT / "README.md", module.claims), (REFERENCE / "README.md", module.own_claims)):
        assert module.untrue(file.read_text(), said(REFERENCE)) == [], "python reference/readme.py names them"
    fresh = script("trialtables").claims(ROOT / "reference" / "trial")
    assert module.untrue((ROOT / "README.md").read_text(), fresh) == []
    assert module.untrue("rules gain\n0.7  to 1.1", ["gain 0.7 to 1.1", "gain 0.7 to 1.2"]) == ["gain 0.7 to 1.2"]


def test_the_trial_s_page_shows_the_measured_gains() -> None:
    text = (ROOT / "docs" / "trial.md").read_text()
    folders = {folder.name: folder for folder in (ROOT / "reference" / "trial").iterdir()}
    tables = script("trialtables").trials(ROOT / "reference" / "trial")
    assert tables.keys() == {"all trials", "all trials by backbone", *(f"trial {name}" for name in folders)}
    for name, table in tables.items():
        assert table in text.split(f"<!-- {name}:")[1].split("<!-- end -->")[0], "python reference/readme.py"
    by_corpus, by_backbone = (cells_of(tables[name]) for name in ("all trials", "all trials by backbone"))
    for name, folder in folders.items():
        with (folder / "tables" / "trial.csv").open() as file:
            rows = {(row["method"], row["backbone"]): row for row in csv.DictReader(file)}
        whole, lstm = (
            "{:+.2f} [{:+.2f},\N{NO-BREAK SPACE}{:+.2f}]".format(
                *(float(rows["logire_plus", on][of]) for of in ("gain", "low", "high"))
            )
            for on in ("", "lstm")
        )
        shown = {cells[0]: cells for cells in cells_of(tables[f"trial {name}"])}
        assert shown["LogiRE+"][1] == whole
        assert len(shown) == 2 + sum(not on for _, on in rows) - 1, "all but the backbone itself"
        column = by_corpus[0].index(f"`{name}`")
        assert [cells[column] for cells in by_corpus if cells[0] == "LogiRE+"] == [whole]
        [of_lstm] = [cells for cells in by_backbone if cells[0] == f"`{name}`" and cells[1].startswith("LSTM, ")]
        assert of_lstm[by_backbone[0].index("LogiRE+")] == lstm
        assert of_lstm[1] == f"LSTM, {len(list((folder / 'lstm').iterdir()))}"


def cells_of(table: str) -> list[list[str]]:
    """The cells of a table in Markdown, its head first."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_text_without_the_marks_of_a_table_is_refused() -> None:
    written = script("readme").written
    text = "before\n<!-- a: make -->\n\nold\n<!-- end -->\nafter"
    assert written(text, {"a": "new\n"}) == "before\n<!-- a: make -->\n\nnew\n\n<!-- end -->\nafter"
    for bad in ("nothing", text + text):
        with pytest.raises(ValueError, match="one pair of marks <!-- a"):
            written(bad, {"a": "new\n"})


def test_a_claim_follows_from_its_rows(tmp_path: Path) -> None:
    """By hand: three backbones with and without a gain, one with a bound that is not to be rounded up."""
    module = script("readme")
    rows = {"": (50.0, 60.0, 70.0), "logire": (50.34, 59.0, 71.16), "logire_plus": (52.04, 66.0, 70.96)}
    variants = {"context_alone": (51.0, 65.9, 70.9), "no_context": (50.5, 61.0, 72.0), "no_chains": (53.0, 65.0, 70.0)}
    lines = ["backbone,method,variant,split,metric,mean,bootstrap_low,p_holm"]
    for name, means in {**rows, **variants}.items():
        method, variant = ("logire_plus", name) if name in variants else (name or "backbone", "")
        lines += [
            f"{on},{method},{variant},test,f1,{found},{low},{holm if method == 'logire' else ''}"
            for on, found, low, holm in zip(
                ("cnn", "lstm", "gain"), means, (1.29, 2.0, 3.0), (0.05, 0.2, 0.049), strict=True
            )
        ]
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "table2.csv").write_text("\n".join(lines) + "\n")
    assert module.claims(tmp_path) == [
        "LogiRE gains 0.3 to 1.2 on two backbones",
        "LogiRE+ gains 1.0 to 6.0",
        "LogiRE+ gains at least 1.2 on each backbone",
        "After Holm's correction p is below 0.05 for LogiRE on GAIN",
        "gain 0.9 to 5.9 alone",
        "rules 0.5 to 2.0 alone and 0.1 to 1.0 beyond context",
        "of which chains of inference 1.0 to 1.0",
    ]


def test_a_seed_that_is_half_done_is_left_out() -> None:
    incomplete = script("reference").incomplete
    whole = [(kind, "cnn", "seed1") for kind in ("backbone", "folds/1of2", "folds/2of2", "logire", "variants/newton")]
    other = [(kind, "lstm", "seed1") for kind, _, _ in whole[:4]]
    assert incomplete([*whole, *other]) == {}, "a variant on one backbone alone is no gap of the others"
    begun = [("backbone", "lstm", "seed2"), ("folds/1of2", "lstm", "seed2")]
    assert incomplete([*whole, *other, *begun]) == {("lstm", "seed2"): ["folds/2of2", "logire"]}
    third = [("backbone", "gain", "seed1")]
    assert incomplete([*whole, *other, *third]) == {("gain", "seed1"): ["folds/1of2", "folds/2of2", "logire"]}
    assert incomplete([]) == {}


def test_a_run_is_placed_by_its_folder() -> None:
    place_of = script("reference").place_of
    assert place_of(Path("folds/cnn/seed2/1of3")) == ("folds/1of3", "cnn", "seed2")
    assert place_of(Path("variants/no_chains/atlop/seed1")) == ("variants/no_chains", "atlop", "seed1")
