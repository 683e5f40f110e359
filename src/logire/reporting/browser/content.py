"""What the explanation browser shows, as JSON values: documents, and the predictions of backbone and LogiRE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from logire.corpus.docred import docred_relation_names
from logire.corpus.document import Document, Schema
from logire.corpus.gold import INVERSE
from logire.corpus.predictions import Prediction
from logire.ground.errors import InputError
from logire.reporting.formulas import formula
from logire.rules.queries import ANY

ADDED, REMOVED, SAME = "added", "removed", "same"
"""What LogiRE did to a prediction of the backbone; ADDED: the backbone did not make it."""

Triple = tuple[int, str, int]  # head, relation, tail


def page_content(
    explanations: Sequence[Mapping[str, Any]],
    backbone: Sequence[Prediction],
    documents: Sequence[Document],
    schema: Schema,
    *,
    file: Path,
) -> dict[str, Any]:
    """The page's data.

    ``types`` and ``relations`` (names as shown), and ``documents``, each with ``title``, ``sentences``, ``entities``
    (name, type's index, mentions as [sentence, start, end]) and ``predictions``: those of LogiRE, strongest first,
    then those of the backbone that it dropped.

    Args:
        explanations: of every LogiRE prediction of the split.
        backbone: the backbone's predictions of the split.
        file: where the explanations come from, for messages.

    Raises:
        InputError: an explanation is about a document, entity or relation that does not exist, or is incomplete.
    """
    labelled = any(document.facts for document in documents)
    of_logire: dict[str, list[Mapping[str, Any]]] = {document.title: [] for document in documents}
    for row in explanations:
        if row["title"] not in of_logire:
            raise InputError("no such document in this split", file=file, document=row["title"])
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
        "labelled": labelled,
        "documents": [
            _document(d, of_logire[d.title], of_backbone[d.title], schema, shown, labelled=labelled, file=file)
            for d in documents
        ],
    }


def _document(
    document: Document,
    of_logire: Sequence[Mapping[str, Any]],
    of_backbone: Mapping[Triple, Prediction],
    schema: Schema,
    shown: Mapping[str, str],
    *,
    labelled: bool,
    file: Path,
) -> dict[str, Any]:
    gold = {(fact.head, fact.relation, fact.tail) for fact in document.facts}
    predictions = []
    kept = set()
    for row in of_logire:
        try:
            triple = (int(row["h_idx"]), str(row["r"]), int(row["t_idx"]))
            change = SAME if triple in of_backbone else ADDED
            predictions.append(_fact(triple, change, gold, schema, labelled=labelled) | _reasoning(row, shown))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"is not an explanation ({error!r})", file=file, document=document.title) from error
        if not all(0 <= i < len(document.entities) for i in _entities(predictions[-1])):
            raise InputError("an entity of an explanation does not exist", file=file, document=document.title)
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


def _reasoning(row: Mapping[str, Any], shown: Mapping[str, str]) -> dict[str, Any]:
    """Scores, and for each rule its formula, its part in the score and its grounding path."""
    return {
        "score": float(row["score"]),
        "threshold": float(row["threshold"]),
        "bias": float(row["bias"]),
        "residual": float(row["residual"]),
        "backbone": float(row["backbone_probability"]),
        "reasons": [
            {
                "rule": formula(row["r"], [step["atom"] for step in reason["path"]], lambda name: shown[name]),
                "contribution": float(reason["contribution"]),
                "weight": float(reason["weight"]),
                "phi": float(reason["phi"]),
                **({"closing": True} if reason.get("closing") else {}),
                "path": [
                    [int(step["from_idx"]), _atom(step["atom"], shown), float(step["score"]), int(step["to_idx"])]
                    for step in reason["path"]
                ],
            }
            for reason in row["reasons"]
        ],
    }


def _atom(atom: str, shown: Mapping[str, str]) -> str:
    return f"{shown[atom.removeprefix(INVERSE)]}⁻¹" if atom.startswith(INVERSE) else shown[atom]


def _entities(prediction: Mapping[str, Any]) -> set[int]:
    ends = {end for reason in prediction["reasons"] for step in reason["path"] for end in (step[0], step[3])}
    return {prediction["head"], prediction["tail"], *ends}
