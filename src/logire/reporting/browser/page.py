"""Writing the explanation browser: one HTML file with its style, script and data inside."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

from logire.corpus.runfolder import PAGE
from logire.ground.files import write_text
from logire.reporting.browser.content import page_content
from logire.reporting.browser.parts import inline_json, script, style
from logire.reporting.browser.run import read_run
from logire.reporting.names import Corpus, Names

_ASSETS = Path(__file__).parent


def browser(
    run: Path, split: str, out: Path | None = None, *, documents: Path | None = None, logits: Path | None = None
) -> Path:
    """Write the explanation browser of a run, one HTML file that needs no server and no network.

    It shows the documents of a split, every prediction of LogiRE and of its backbone, which ones LogiRE added or
    removed, and for each of LogiRE's the rules that spoke for it with their grounding paths, marked in the text. What
    the backbone predicted is read from its own run, where the logits lie in one; it follows from the logits otherwise.

    The page holds the documents' text: of a real corpus it must not be published where the corpus must not be, nor
    tracked by git. Put it into a results folder. Equal inputs give equal bytes.

    Args:
        run: a folder that ``logire fit`` and ``logire predict`` wrote.
        split: ``train``, ``dev`` or ``test``.
        out: by default ``run/explanations.html``.
        documents, logits: others than those the run was fitted on.

    Returns:
        The file.

    Raises:
        InputError: what :func:`logire.reporting.browser.run.read_run` raises.
    """
    found = read_run(run, split, documents=documents, logits=logits)
    corpus, record = found.corpus, found.record
    who = Corpus.of(corpus.name, corpus.synthetic)
    names = Names.of(str(record.backbone), str(record.method))
    about = [f"Corpus {who.title}", f"backbone {names.backbone}", f"method {names.method}"]
    about += [f"variant {record.variant}"] if record.variant else []
    about += [f"seed {record.seed}", f"{split} split"]
    content = page_content(found.rows, found.backbone, corpus.documents(split), corpus.schema, names.method)
    page = Template((_ASSETS / "page.html").read_text(encoding="utf-8")).substitute(
        label=html.escape(names.label),
        method=html.escape(names.method),
        corpus=html.escape(who.title),
        split=html.escape(split),
        about=html.escape(", ".join(about)),
        note=html.escape(found.note),
        warning=f'<strong class="warning">{html.escape(who.warning.strip())}</strong>' if who.synthetic else "",
        style=style(_ASSETS / "page.css"),
        script=script(_ASSETS / "page.js"),
        data=inline_json(content),
    )
    file = out or run / PAGE
    write_text(file, page)
    return file
