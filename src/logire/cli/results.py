"""Commands that evaluate, and make the tables, figures and pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from logire.cli.common import Distances, Documents, GoldRules, Json, Split, console, read_edges, splits_of
from logire.ground.errors import InputError


def evaluate(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Predictions in DocRED's submission format, from any model; or a run's folder, then its "
            "metrics-SPLIT.json are written."
        ),
    ],
    documents: Documents,
    split: Annotated[
        Split | None,
        typer.Option(help="train, dev or test; default: test of a file, dev and test of a folder.", show_default=False),
    ] = None,
    distances: Distances = "100,200,400",
    gold_rules: GoldRules = None,
    out: Annotated[Path | None, typer.Option(help="Write the metrics of a file as JSON.")] = None,
    as_json: Json = False,
) -> None:
    """Score predictions: precision, recall, F1, both ign F1, logic, by distance and by relation."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.evaluation.files import evaluate_file, evaluate_run, render
    from logire.ground.files import write_json

    edges = read_edges(distances)
    corpus = PreparedCorpus.open(documents)
    if predictions.is_dir():
        if out or as_json:
            raise InputError(
                "goes with a file of predictions; a folder's metrics are written into it",
                field="--out" if out else "--json",
                remedy=f"name the file: {predictions / 'predictions-test.json'}",
            )
        for found in evaluate_run(predictions, corpus, splits_of(split), distance_edges=edges, gold_rules=gold_rules):
            print(found)
        return
    result = evaluate_file(predictions, corpus, split or "test", distance_edges=edges, gold_rules=gold_rules)
    if out:
        write_json(out, result)
    if as_json:
        print(json.dumps(result, indent=2))
    elif not out:
        console().print(render(result))


def report(
    out: Annotated[Path, typer.Option(help="The folder to write to: `tables` and `figures` are made in it.")],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Run folders, folders that hold some, or folders of kept numbers.", show_default=False),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A table or figure by name; may be given more than once. Default: all.")
    ] = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            help="The prepared corpus; default: the folder `corpus` beside the runs. More of them go into Table 1 and "
            "Figure 3.",
            show_default=False,
        ),
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="The backbone to show as the example; default: bilstm, or the first.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Table 4: implication rules; default: the paper's seven.")] = None,
) -> None:
    """Make the tables and figures of measured runs: all that can be made from what is given, or some by name."""
    from logire.reporting.report import make_report

    found = make_report(runs or [], out, only=only or (), documents=documents or (), backbone=backbone, rules=rules)
    terminal = console()
    for exhibit in found.made:
        terminal.print(f"{exhibit.title}: {out / exhibit.kind / exhibit.name}.*", soft_wrap=True)
    for name, reason in found.left_out.items():
        terminal.print(f"left out: {name} ({reason})", soft_wrap=True)


def browse(
    run: Annotated[Path, typer.Argument(help="A folder that `logire fit` and `logire predict` wrote.")],
    split: Split = "test",
    documents: Annotated[Path | None, typer.Option(help="Default: the documents of the fit.")] = None,
    logits: Annotated[Path | None, typer.Option(help="Default: the logits of the fit.")] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file to write; default: RUN/explanations.html.")] = None,
) -> None:
    """One offline HTML page: documents, predictions, and the rules and paths behind each."""
    from logire.reporting.browser import browser

    print(browser(run, split, out, documents=documents, logits=logits))
