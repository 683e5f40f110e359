"""Writing the explanation browser: one HTML file with its style, script and data inside."""

from __future__ import annotations

import html
import json
from pathlib import Path
from string import Template
from typing import Any

from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.ground.files import write_text
from logire.reporting.browser.content import page_content
from logire.reporting.explanations import read_explanations
from logire.reporting.names import Corpus

_ASSETS = Path(__file__).parent


def browser(explanations: Path, backbone_predictions: Path, corpus: PreparedCorpus, split: str, out: Path) -> None:
    """Write the explanation browser as ``out``, one HTML file that needs no server and no network.

    It shows the documents of a split, every prediction of LogiRE and of its backbone, which ones LogiRE added or
    removed, and for each of LogiRE's the rules that spoke for it with their grounding paths, marked in the text.

    The page holds the documents' text: of a real corpus it must not be published where the corpus must not be, nor
    tracked by git. Put it into a results folder. Equal inputs give equal bytes.

    Args:
        explanations: the ``explanations-SPLIT.jsonl`` of a LogiRE run.
        backbone_predictions: its backbone's predictions of the same split.
        split: ``train``, ``dev`` or ``test``.

    Raises:
        InputError: a file is missing or broken, or does not belong to this split of this corpus.
    """
    documents, schema = corpus.documents(split), corpus.schema
    backbone = read_predictions(backbone_predictions, documents, schema)
    content = page_content(read_explanations(explanations, documents, schema), backbone, documents, schema)
    who = Corpus.of(corpus.name, corpus.synthetic)
    page = Template(_asset("page.html")).substitute(
        corpus=html.escape(who.title),
        split=html.escape(split),
        warning=f'<strong class="warning">{html.escape(who.warning.strip())}</strong>' if who.synthetic else "",
        style=_asset("page.css"),
        script=_asset("page.js"),
        data=_inline_json(content),
    )
    write_text(out, page)


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _inline_json(value: Any) -> str:
    """JSON that nothing in it can end the script element around it, or start another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
