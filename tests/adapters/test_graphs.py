"""Repaired facts as graphs: networkx, Turtle, Neo4j's files."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logire import as_knowledge_graph
from logire.ground.errors import InputError
from logire.plugin.repair import RepairedFact, Step

LEADS = RepairedFact("D", 0, "leads", 1, 0.75, 0.875, None, None, (), True, "Ada", "PER", "Lab", "ORG")
HEAD = RepairedFact(
    title="D",
    head=0,
    relation="head of",
    tail=2,
    before=None,
    after=0.5,
    rule="head of <- leads ^ part_of",
    kind="chain",
    path=(Step("Ada", "leads", "Lab", 0.75), Step("Lab", "part_of", "Uni", 0.9)),
    kept=True,
    head_name="Ada",
    head_type="PER",
    tail_name='Uni "X"',
    tail_type="ORG",
)
WRONG = replace(LEADS, relation="hates", kept=False)


def test_networkx() -> None:
    pytest.importorskip("networkx")
    graph = as_knowledge_graph([LEADS, HEAD, WRONG])
    assert dict(graph.nodes(data=True)) == {
        "D/0": {"name": "Ada", "type": "PER", "document": "D"},
        "D/1": {"name": "Lab", "type": "ORG", "document": "D"},
        "D/2": {"name": 'Uni "X"', "type": "ORG", "document": "D"},
    }
    assert list(graph.edges(keys=True, data=True)) == [
        ("D/0", "D/1", "leads", {"relation": "leads", "before": 0.75, "after": 0.875}),
        (
            "D/0",
            "D/2",
            "head of",
            {
                "relation": "head of",
                "after": 0.5,
                "rule": "head of <- leads ^ part_of",
                "kind": "chain",
                "path": "Ada -leads-> Lab; Lab -part_of-> Uni",
            },
        ),
    ]


def test_merged_nodes_and_the_best_of_equal_facts() -> None:
    pytest.importorskip("networkx")
    other = replace(LEADS, title="E", head=5, tail=6, after=0.9, head_name="ADA")
    place = replace(LEADS, title="E", head=5, tail=7, tail_type="LOC")
    graph = as_knowledge_graph([LEADS, other, place], merge=True)
    assert list(graph.nodes) == ["PER/ada", "ORG/lab", "LOC/lab"]
    assert [(h, t, told["after"]) for h, t, told in graph.edges(data=True)] == [
        ("PER/ada", "ORG/lab", 0.9),
        ("PER/ada", "LOC/lab", 0.875),
    ]
    assert len(as_knowledge_graph([LEADS, other]).nodes) == 4


def test_neo4js_files(tmp_path: Path) -> None:
    odd = replace(HEAD, tail_name="two\nlines, and a comma", tail_type="ORG;X")
    files = as_knowledge_graph([LEADS, odd], "neo4j", out=tmp_path / "import")
    nodes, relationships = (list(csv.reader(io.StringIO(files[f"{name}.csv"]))) for name in ("nodes", "relationships"))
    assert nodes == [
        ["id:ID", "name", "document", ":LABEL"],
        ["D/0", "Ada", "D", "PER"],
        ["D/1", "Lab", "D", "ORG"],
        ["D/2", "two lines, and a comma", "D", "ORG,X"],
    ]
    assert relationships == [
        [":START_ID", ":END_ID", ":TYPE", "before:double", "after:double", "rule", "kind", "path"],
        ["D/0", "D/1", "leads", "0.75", "0.875", "", "", ""],
        ["D/0", "D/2", "head of", "", "0.5", HEAD.rule, "chain", "Ada -leads-> Lab; Lab -part_of-> Uni"],
    ]
    assert {file.name: file.read_text() for file in (tmp_path / "import").iterdir()} == files


def test_turtle_by_hand(tmp_path: Path) -> None:
    text = as_knowledge_graph([HEAD], "turtle", out=tmp_path / "g.ttl", base="http://x/")
    assert text == (tmp_path / "g.ttl").read_text()
    assert text.splitlines()[4:] == [
        '<http://x/entity/D/0> a <http://x/type/PER> ; rdfs:label "Ada" .',
        '<http://x/entity/D/2> a <http://x/type/ORG> ; rdfs:label "Uni \\"X\\"" .',
        "<http://x/entity/D/0> <http://x/relation/head%20of> <http://x/entity/D/2> .",
        "<http://x/fact/1> a kg:Fact ; kg:head <http://x/entity/D/0> ; kg:relation <http://x/relation/head%20of>"
        ' ; kg:tail <http://x/entity/D/2> ; kg:after "0.5"^^xsd:double ; kg:rule "head of <- leads ^ part_of"'
        ' ; kg:kind "chain" ; kg:path "Ada -leads-> Lab; Lab -part_of-> Uni" ; kg:document "D" .',
    ]


_IRI = r'<[^<>"{}|^`\\\x00-\x20]+>|kg:\w+|rdfs:label|a|;'
_LITERAL = r'"(?:[^"\\\n\r]|\\[\\"nrt]|\\u[0-9A-F]{4})*"(?:\^\^xsd:double)?'
_STATEMENT = re.compile(rf"(?:{_IRI}|{_LITERAL})(?: (?:{_IRI}|{_LITERAL}))* \.")


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_name_makes_whole_statements(name: str, relation: str) -> None:
    fact = replace(HEAD, head_name=name, relation=relation, title=name, tail_type=relation)
    for merge in (False, True):
        text = as_knowledge_graph([fact], "turtle", merge=merge)
        lines = [line for line in text.split("\n")[4:] if line]
        assert len(lines) == 4
        assert all(_STATEMENT.fullmatch(line) for line in lines), lines


def test_rdflib_reads_the_turtle() -> None:
    rdflib = pytest.importorskip("rdflib", reason="rdflib is not installed")
    graph: Any = rdflib.Graph().parse(data=as_knowledge_graph([LEADS, HEAD], "turtle"), format="turtle")
    found = graph.query(
        "PREFIX kg: <https://example.org/kg/terms#> SELECT ?s WHERE { ?f kg:head ?h ; kg:tail ?t ; kg:relation ?r ;"
        " kg:after ?s . ?h ?r ?t } ORDER BY ?s"
    )
    assert [float(row[0]) for row in found] == [0.5, 0.875]


def test_no_fact_is_an_empty_graph() -> None:
    assert as_knowledge_graph([], "neo4j")["nodes.csv"] == "id:ID,name,document,:LABEL\n"
    assert as_knowledge_graph([WRONG], "turtle").count("\n") == 4


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="field format: unknown format 'graphml'"):
        as_knowledge_graph([HEAD], "graphml")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="field out: is for files"):
        as_knowledge_graph([HEAD], "networkx", out=tmp_path / "x")
