"""What the explanation browser shows, as JSON values: documents, and the predictions of backbone and LogiRE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logire.corpus.docred import docred_relation_names
from logire.corpus.document import Document, Schema
from logire.corpus.gold import ANY, INVERSE
from logire.corpus.predictions import Prediction
from logire.reporting.explanations import Explained
from logire.reporting.formulas import formula

ADDED, REMOVED, SAME = "added", "removed", "same"
"""What LogiRE did to a prediction of the backbone; ADDED: the backbone did not make it."""

Triple = tuple[int, str, int]  # head, relation, tail


def page_content(
    explanations: Sequence[Explained],
    backbone: Sequence[Prediction],
    documents: Sequence[Document],
    schema: Schema,
    method: str,
) -> dict[str, Any]:
    """The page's data.

    ``method``, ``types`` and ``relations`` (as shown), ``names`` (of the relations in links), and ``documents``, each
    with ``title``, ``sentences``, ``entities`` (name, type's index, mentions as [sentence, start, end]) and
    ``predictions``: those of LogiRE, strongest first, then those of the backbone that it dropped.

    Args:
        explanations: of every LogiRE prediction of the split.
        backbone: the backbone's predictions of the split.
        method: what a reader calls the method, ``LogiRE+``.
    """
    labelled = any(document.facts for document in documents)
    of_logire: dict[str, list[Explained]] = {document.title: [] for document in documents}
    for row in explanations:
        if row.get("predicted", True):
            of_logire[row["title"]].append(row)
    of_backbone: dict[str, dict[Triple, Prediction]] = {document.title: {} for document in documents}
    for p in backbone:
        of_backbone[p.title][p.head, p.relation, p.tail] = p
    names = docred_relation_names()
    shown = {ANY: ANY} | {r: f"{names[r]} ({r})" if r in names else r for r in schema.relations}
    return {
        "types": [kind.removeprefix("type::") for kind in schema.types],
        "relations": [shown[r] for r in schema.relations],
        "names": schema.relations,
        "method": method,
        "labelled": labelled,
        "documents": [
            _document(d, of_logire[d.title], of_backbone[d.title], schema, shown, labelled=labelled) for d in documents
        ],
    }


def _document(
    document: Document,
    of_logire: Sequence[Explained],
    of_backbone: Mapping[Triple, Prediction],
    schema: Schema,
    shown: Mapping[str, str],
    *,
    labelled: bool,
) -> dict[str, Any]:
    gold = {(fact.head, fact.relation, fact.tail) for fact in document.facts}
    predictions = []
    kept = set()
    for row in of_logire:
        triple = (row["h_idx"], row["r"], row["t_idx"])
        change = SAME if triple in of_backbone else ADDED
        predictions.append(_fact(triple, change, gold, schema, labelled=labelled) | _reasoning(row, shown))
        kept.add(triple)
    predictions.sort(key=lambda p: -p["score"])
    predictions += [
        _fact(triple, REMOVED, gold, schema, labelled=labelled) | {"score": p.score, "reasons": []}
        for triple, p in of_backbone.items()
        if triple not in kept
    ]
    return {
        "title": document.title,
        "sentences": document.sentences,
        "entities": [
            {
                "name": entity.name,
                "type": schema.type_index[entity.type],
                "mentions": [[m.sentence, m.start, m.end] for m in entity.mentions],
            }
            for entity in document.entities
        ],
        "predictions": predictions,
    }


def _fact(triple: Triple, change: str, gold: set[Triple], schema: Schema, *, labelled: bool) -> dict[str, Any]:
    head, relation, tail = triple
    right = triple in gold if labelled else None
    return {"head": head, "relation": schema.relation_index[relation], "tail": tail, "change": change, "right": right}


def _reasoning(row: Explained, shown: Mapping[str, str]) -> dict[str, Any]:
    """Scores, and for each rule its formula, its part in the score and its grounding path."""
    return {
        "score": row["score"],
        "threshold": row["threshold"],
        "bias": float(row["bias"]),
        "residual": float(row["residual"]),
        "backbone": row["backbone_probability"],
        **({"context": row["context"]} if "context" in row else {}),
        "reasons": [
            {
                "rule": formula(row["r"], [step["atom"] for step in reason["path"]], lambda name: shown[name]),
                "contribution": reason["contribution"],
                "weight": reason["weight"],
                "phi": reason["phi"],
                "kind": reason["kind"],
                "path": [
                    [step["from_idx"], _atom(step["atom"], shown), step["score"], step["to_idx"]]
                    for step in reason["path"]
                ],
            }
            for reason in row["reasons"]
        ],
    }


def _atom(atom: str, shown: Mapping[str, str]) -> str:
    return f"{shown[atom.removeprefix(INVERSE)]}⁻¹" if atom.startswith(INVERSE) else shown[atom]
