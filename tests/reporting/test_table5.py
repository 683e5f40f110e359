"""Table 5: which rules are shown, and how."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from logire.ground.errors import InputError
from logire.ground.files import read_json, write_json
from logire.reporting.formulas import formula
from logire.reporting.report import make_report

HEADER = "relation,head_type,tail_type,body,weight,prior,posterior,support,confidence"
RULES = [
    "in0,type::location,type::location,in0,9,0.4,0.5,100,1",  # the identity
    "in0,type::location,type::location,in0-x ^ gpe0,3.25,0.1,0.2,50,0.99",
    "in0,type::location,type::location,in2 ^ in0,2,0.1,0.2,50,0.99",  # a weaker rule of the same relation
    "based_in0,type::organization,type::location,~member_of ^ agent_of,4.5,0.01,0.02,20,0.75",
    "vs,type::organization,type::organization,won_vs,8,0.1,0.1,4,1",  # too few pairs support it
    "player_of,type::person,type::organization,~coach_of,7,0.1,0.1,40,0.4",  # more often wrong than right
    "agency_of,type::organization,type::location,ministry_of,6,0.1,0.1,40,",  # joins no pair: no confidence
    "sibling,type::person,type::person,~sibling,-1,0.1,0.1,40,1",  # speaks against
]


def make(rules: Path, out: Path) -> Path:
    make_report([rules.parent], out, only=["table5"])
    return out / "tables"


def run(tmp_path: Path, rules: list[str], *, synthetic: bool = False) -> Path:
    meta = {"dataset": "dwie", "synthetic": synthetic, "backbone": "atlop", "method": "logire", "seed": 2}
    write_json(tmp_path / "run.json", meta)
    (tmp_path / "rules.csv").write_text("\n".join([HEADER, *rules]) + "\n")
    return tmp_path / "rules.csv"


def test_the_best_rule_of_each_relation(tmp_path: Path) -> None:
    folder = make(run(tmp_path, RULES), tmp_path)
    text = (folder / "table5.md").read_text()
    assert [line for line in text.splitlines() if "→" in line] == [
        "| member_of⁻¹(h, z) ∧ agent_of(z, t) → based_in0(h, t) | organization, location "
        "| chain | 4.50 | 0.020 | 20 | 0.75 | no |",
        "| in0-x(h, z) ∧ gpe0(z, t) → in0(h, t) | location, location | chain | 3.25 | 0.200 | 50 | 0.99 | yes |",
    ]
    assert "ATLOP + LogiRE on DWIE, seed 2" in text
    rows = list(csv.DictReader((folder / "table5.csv").read_text().splitlines()))
    assert [(row["relation"], row["prior"], row["gold"]) for row in rows] == [
        ("based_in0", "0.01", "False"),
        ("in0", "0.1", "True"),
    ]
    assert r"member\_of$^{-1}$(h, z) $\wedge$ agent\_of(z, t) $\rightarrow$" in (folder / "table5.tex").read_text()


def test_no_more_than_the_ten_best(tmp_path: Path) -> None:
    rules = [f"r{i},type::person,type::person,a ^ b,{i + 1},0.1,0.2,50,0.99" for i in range(12)]
    folder = make(run(tmp_path, rules, synthetic=True), tmp_path)
    text = (folder / "table5.md").read_text()
    assert [line.split(" → ")[1].split("(")[0] for line in text.splitlines() if "→" in line] == [
        f"r{i}" for i in range(11, 1, -1)
    ]
    assert "SYNTHETIC" in text


def test_formulas() -> None:
    assert formula("c", ["a"]) == "a(h, t) → c(h, t)"
    assert formula("c", ["~a", "b"]) == "a⁻¹(h, z) ∧ b(z, t) → c(h, t)"
    assert formula("c", ["a", "~b", "a"], str.upper) == "A(h, z1) ∧ B⁻¹(z1, z2) ∧ A(z2, t) → C(h, t)"


def test_no_rule_is_good_enough(tmp_path: Path) -> None:
    folder = make(run(tmp_path, RULES[:1]), tmp_path)
    assert "There is none." in (folder / "table5.md").read_text()
    assert r"\bottomrule" in (folder / "table5.tex").read_text()
    assert "There is none." in (folder / "table5.html").read_text()


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 3"):
        make(run(tmp_path, [RULES[1], "in0,a,b,in0-x,much,0,0,1,1"]), tmp_path)
    rules = run(tmp_path, RULES)
    rules.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        make(rules, tmp_path)
    rules = run(tmp_path, RULES)
    record = read_json(tmp_path / "run.json")
    write_json(tmp_path / "run.json", {key: value for key, value in record.items() if key != "synthetic"})
    with pytest.raises(InputError, match=r"run\.json.*synthetic"):
        make(rules, tmp_path)
    write_json(tmp_path / "run.json", record | {"backbone": "cnn"})
    with pytest.raises(InputError, match="no run of logire on bilstm"):
        make_report([tmp_path], tmp_path, only=["table5"], backbone="bilstm")
