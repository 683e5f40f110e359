"""The page on which suggestions are accepted or rejected: one HTML file with its style, script and data inside."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from logire.audit.decisions import FORMAT
from logire.audit.suggestion import Reason, Suggestion, Suggestions
from logire.corpus.docred import docred_relation_names
from logire.corpus.document import Document
from logire.corpus.gold import ANY, INVERSE
from logire.reporting.browser.parts import inline_json, script, style
from logire.reporting.formulas import formula
from logire.reporting.names import Corpus

_ASSETS = Path(__file__).parent


def audit_page(suggestions: Suggestions, documents: Mapping[str, Document], digest: str) -> str:
    """The page as HTML; it needs no server and no network. It holds the documents' text.

    Args:
        documents: by title.
        digest: SHA-256 of ``suggestions.json``: decisions name it, and the browser keeps them under it.
    """
    who = Corpus.of(suggestions.corpus, suggestions.synthetic)
    return Template((_ASSETS / "page.html").read_text(encoding="utf-8")).substitute(
        corpus=html.escape(who.title),
        split=html.escape(suggestions.split),
        warning=f'<strong class="warning">{html.escape(who.warning.strip())}</strong>' if who.synthetic else "",
        style=style(_ASSETS / "page.css"),
        script=script(_ASSETS / "page.js"),
        data=inline_json(content(suggestions, documents, digest)),
    )


def content(suggestions: Suggestions, documents: Mapping[str, Document], digest: str) -> dict[str, Any]:
    """The page's data: the suggestions, and the sentences of their documents."""
    known = docred_relation_names()
    shown = {ANY: ANY} | {r: f"{known[r]} ({r})" if r in known else r for r in suggestions.relations}
    titles = list(dict.fromkeys(s.title for s in suggestions.suggestions))
    place = {title: number for number, title in enumerate(titles)}
    return {
        "format": FORMAT,
        "digest": digest,
        "documents": [{"title": title, "sentences": documents[title].sentences} for title in titles],
        "suggestions": [_suggestion(s, place[s.title], shown) for s in suggestions.suggestions],
    }


def _suggestion(s: Suggestion, document: int, shown: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": s.kind,
        "document": document,
        "head": s.head,
        "relation": s.relation,
        "tail": s.tail,
        "shown": shown[s.relation],
        **{name: getattr(s, name) for name in ("margin", "probability", "backbone", "bias", "own", "context")},
        "reasons": [_reason(reason, s, shown) for reason in s.reasons],
        "entities": [[e.number, e.name, e.type.removeprefix("type::"), e.mentions] for e in s.entities],
        "pieces": s.pieces,
    }


def _reason(reason: Reason, s: Suggestion, shown: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rule": formula(s.relation, [step.atom for step in reason.path], lambda name: shown[name]),
        "kind": reason.kind,
        "contribution": reason.contribution,
        "path": [[step.head, _atom(step.atom, shown), step.score, step.tail] for step in reason.path],
    }


def _atom(atom: str, shown: Mapping[str, str]) -> str:
    return f"{shown[atom.removeprefix(INVERSE)]}⁻¹" if atom.startswith(INVERSE) else shown[atom]
