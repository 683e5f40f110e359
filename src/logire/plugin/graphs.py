"""Repaired facts as a knowledge graph: networkx in memory, Turtle for RDF stores, CSV files for Neo4j's importer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from logire.adapters.entities import same_name
from logire.ground.errors import InputError
from logire.ground.extras import extras
from logire.ground.files import whole_folder, write_text
from logire.plugin.repair import RepairedFact

BASE = "https://example.org/kg/"
"""What IRIs begin with where nobody says otherwise."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Node:
    """An entity of the graph.

    Attributes:
        key: unique in the graph: document and number, or, merged, type and name.
    """

    key: str
    name: str
    type: str
    document: str | None


@dataclass(frozen=True)
class Edge:
    """A fact of the graph, and what is told of it."""

    head: Node
    tail: Node
    fact: RepairedFact

    @property
    def path(self) -> str:
        """The grounding path on one line; empty where there is none."""
        return "; ".join(map(str, self.fact.path))

    @property
    def told(self) -> dict[str, Any]:
        """Score before and after, rule, kind, path, and what constraint added it; without those that are not known."""
        fact = self.fact
        values = {"before": fact.before, "after": fact.after, "rule": fact.rule, "kind": fact.kind, "path": self.path}
        values["constraint"] = fact.constraint
        return {key: value for key, value in values.items() if value not in (None, "")}


def as_knowledge_graph(
    facts: Iterable[RepairedFact],
    format: Literal["networkx", "turtle", "neo4j"] = "networkx",
    *,
    out: str | Path | None = None,
    merge: bool = False,
    base: str = BASE,
) -> Any:
    """What :meth:`logire.plugin.repair.Repairing.repair` gave back, of one document or many, as a graph.

    Args:
        facts: those that are not ``kept`` are left out.
        format: ``networkx``: a ``MultiDiGraph``, whose edges have the relation as their key. ``turtle``: text.
            ``neo4j``: the texts of ``nodes.csv`` and ``relationships.csv``, by these names.
        out: a file (Turtle) or a folder (Neo4j) to write too.
        merge: entities of the same name and type are one node, in whichever document they are; of equal facts the one
            with the best score is kept. Without it, each document has nodes of its own.
        base: what the IRIs of Turtle begin with.

    Raises:
        InputError: there is no such format, networkx is not installed, or ``out`` cannot be written.
    """
    edges = _edges(facts, merge=merge)
    if format == "networkx" and out is None:
        return _networkx(edges)
    if format == "turtle":
        text = _turtle(edges, base)
        if out is not None:
            write_text(out, text)
        return text
    if format == "neo4j":
        files = _neo4j(edges)
        if out is not None:
            with whole_folder(out) as folder:
                for name, content in files.items():
                    write_text(folder / name, content)
        return files
    if format == "networkx":
        raise InputError("is for files", field="out", remedy="networkx gives a graph in memory: write it with networkx")
    raise InputError(f"unknown format {format!r}", field="format", remedy="one of networkx, turtle, neo4j")


def _edges(facts: Iterable[RepairedFact], *, merge: bool) -> list[Edge]:
    """The edges in the order of the facts; of equal ones the best."""
    found: dict[tuple[str, str, str], Edge] = {}
    for fact in facts:
        if not fact.kept:
            continue
        ends = [
            Node(f"{kind}/{same_name(name)}", name, kind, None)
            if merge
            else Node(f"{fact.title}/{number}", name, kind, fact.title)
            for number, name, kind in (
                (fact.head, fact.head_name, fact.head_type),
                (fact.tail, fact.tail_name, fact.tail_type),
            )
        ]
        key = ends[0].key, fact.relation, ends[1].key
        if key not in found or found[key].fact.after < fact.after:
            found[key] = Edge(ends[0], ends[1], fact)
    return list(found.values())


def _nodes(edges: Iterable[Edge]) -> list[Node]:
    found: dict[str, Node] = {}
    for edge in edges:
        for node in (edge.head, edge.tail):
            found.setdefault(node.key, node)
    return list(found.values())


def _networkx(edges: list[Edge]) -> Any:
    with extras():
        import networkx
    graph = networkx.MultiDiGraph()
    for node in _nodes(edges):
        place = {} if node.document is None else {"document": node.document}
        graph.add_node(node.key, name=node.name, type=node.type, **place)
    for edge in edges:
        relation = edge.fact.relation
        graph.add_edge(edge.head.key, edge.tail.key, key=relation, relation=relation, **edge.told)
    return graph


def _neo4j(edges: list[Edge]) -> dict[str, str]:
    """The two files of ``neo4j-admin database import``; a name keeps to one line, a type is one label."""
    nodes = [[node.key, node.name, node.document or "", node.type.replace(";", ",")] for node in _nodes(edges)]
    columns = ("before", "after", "rule", "kind", "path")
    relationships = [
        [edge.head.key, edge.tail.key, edge.fact.relation, *(edge.told.get(name, "") for name in columns)]
        for edge in edges
    ]
    return {
        "nodes.csv": _csv(["id:ID", "name", "document", ":LABEL"], nodes),
        "relationships.csv": _csv(
            [":START_ID", ":END_ID", ":TYPE", "before:double", "after:double", *columns[2:]], relationships
        ),
    }


def _csv(header: list[str], rows: list[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([" ".join(cell.splitlines()) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue()


def _turtle(edges: list[Edge], base: str) -> str:
    """Each fact as a triple, and as a node of its own with what is told of it.

    This form is plain RDF 1.1, so every store reads it: a query finds a fact as a triple, and its scores and rule at a
    node that points to head, relation and tail. RDF-star would put them on the triple, but stores differ in whether and
    how they read it; ``rdf:Statement`` would need as many triples and is hardly supported either.
    """
    lines = [
        f"@prefix kg: <{base}terms#> .",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .",
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .",
        "",
    ]
    for node in _nodes(edges):
        lines.append(f"{_entity(node, base)} a {_iri(base, 'type', node.type)} ; rdfs:label {_literal(node.name)} .")
    for number, edge in enumerate(edges, 1):
        head, tail = _entity(edge.head, base), _entity(edge.tail, base)
        relation = _iri(base, "relation", edge.fact.relation)
        told = "".join(f" ; kg:{name} {_literal(value)}" for name, value in edge.told.items())
        lines.append(f"{head} {relation} {tail} .")
        lines.append(
            f"{_iri(base, 'fact', str(number))} a kg:Fact ; kg:head {head} ; kg:relation {relation} ; kg:tail {tail}"
            f"{told} ; kg:document {_literal(edge.fact.title)} ."
        )
    return "\n".join(lines) + "\n"


def _entity(node: Node, base: str) -> str:
    return _iri(base, "entity", *node.key.rsplit("/", 1) if node.document is not None else node.key.split("/", 1))


def _iri(base: str, *parts: str) -> str:
    return f"<{base}{'/'.join(quote(part, safe='') for part in parts)}>"


def _literal(value: Any) -> str:
    if isinstance(value, float):
        return f'"{value!r}"^^xsd:double'
    text = "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 32 or ord(c) == 127 else c) for c in str(value))
    return f'"{text}"'
