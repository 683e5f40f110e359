"""Commands that evaluate, and make the tables, figures and pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from logire.cli.common import Documents, Json, Split, Stem, console
from logire.ground.errors import InputError

Metrics = Annotated[list[Path], typer.Argument(help="Metrics files that `logire evaluate --out` wrote.")]
BackboneName = Annotated[str, typer.Option("--backbone", help="The backbone to show.")]
Explanations = Annotated[Path, typer.Argument(help="explanations-SPLIT.jsonl of a LogiRE run.")]
BackbonePredictions = Annotated[
    Path, typer.Option("--backbone-predictions", help="What its backbone predicted on the same split.")
]


def evaluate(
    predictions: Annotated[Path, typer.Argument(help="Predictions in DocRED's submission format, from any model.")],
    documents: Documents,
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    distances: Annotated[str, typer.Option(help="Edges of the distance groups, in tokens.")] = "100,200,400",
    gold_rules: Annotated[Path | None, typer.Option(help="Rules of the logic score; default: DWIE's 39.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the metrics as JSON.")] = None,
    as_json: Json = False,
) -> None:
    """Score predictions: precision, recall, F1, both ign F1, logic, by distance and by relation."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.evaluation.files import evaluate_file, render
    from logire.ground.files import write_json

    try:
        edges = tuple(int(edge) for edge in distances.split(","))
    except ValueError as error:
        raise InputError(f"whole numbers with commas expected, {distances!r} found", field="--distances") from error
    result = evaluate_file(
        predictions, PreparedCorpus.open(documents), split, distance_edges=edges, gold_rules=gold_rules
    )
    if out:
        write_json(out, result)
    if as_json:
        print(json.dumps(result, indent=2))
    elif not out:
        console().print(render(result))


def table1(
    statistics: Annotated[list[Path], typer.Argument(help="statistics.json of prepared corpora.")], out: Stem
) -> None:
    """Table 1: the corpora's statistics."""
    from logire.reporting.table1 import table1 as make

    make(statistics, out)


def table2(
    metrics: Metrics, out: Stem, title: Annotated[str, typer.Option(help="What the table is called.")] = "Table 2"
) -> None:
    """Tables 2 and 3: backbones with and without LogiRE, mean and standard deviation over seeds."""
    from logire.reporting.table2 import table2 as make

    make(metrics, out, title=title)


def summary(metrics: Metrics, out: Annotated[Path, typer.Option(help="The JSON file to write.")]) -> None:
    """A small JSON file: F1 by backbone, method and split, mean over seeds."""
    from logire.reporting.summary import summary as make

    make(metrics, out)


def figure4(metrics: Metrics, out: Stem, backbone: BackboneName) -> None:
    """Figure 4: what LogiRE adds, by the distance of the entity pair."""
    from logire.reporting.figure4 import figure4 as make

    make(metrics, out, backbone)


def table4(
    documents: Documents,
    out: Stem,
    rules: Annotated[Path | None, typer.Option(help="Implication rules; default: the paper's seven.")] = None,
) -> None:
    """Table 4: how often a corpus's own labels break implication rules."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.reporting.table4 import table4 as make

    make(PreparedCorpus.open(documents), out, rules=rules)


def table5(
    rules: Annotated[Path, typer.Argument(help="rules.csv of a LogiRE run.")],
    out: Stem,
    most: Annotated[int, typer.Option(help="Number of rules.")] = 10,
) -> None:
    """Table 5: the best learnt rules, as formulas."""
    from logire.reporting.table5 import table5 as make

    make(rules, out, most=most)


def figure3(
    documents: Annotated[list[Path], typer.Argument(help="Folders that `logire prepare` wrote.")], out: Stem
) -> None:
    """Figure 3: how far apart the entities of a pair are."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.reporting.figure3 import figure3 as make

    make([PreparedCorpus.open(folder) for folder in documents], out)


def figure5(
    explanations: Explanations,
    backbone_predictions: BackbonePredictions,
    documents: Documents,
    out: Stem,
    split: Split = "test",
) -> None:
    """Figure 5: inference cases, two right and one wrong, as graphs."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.reporting.figure5 import figure5 as make

    make(explanations, backbone_predictions, PreparedCorpus.open(documents), split, out)


def relations(metrics: Metrics, out: Stem, backbone: BackboneName) -> None:
    """Test F1 by relation, with and without LogiRE."""
    from logire.reporting.relations import relation_table

    relation_table(metrics, out, backbone)


def ablations(metrics: Metrics, out: Stem) -> None:
    """One backbone's LogiRE and LogiRE+ with their own settings, and with one setting or another changed."""
    from logire.reporting.ablations import ablations as make

    make(metrics, out)


def frontier(metrics: Metrics, out: Stem) -> None:
    """F1 against logic: LogiRE+ at several values of its knob closure, LogiRE, the backbone."""
    from logire.reporting.frontier import frontier as make

    make(metrics, out)


def browse(
    explanations: Explanations,
    backbone_predictions: BackbonePredictions,
    documents: Documents,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    split: Split = "test",
) -> None:
    """One offline HTML page: documents, predictions, and the rules and paths behind each."""
    from logire.corpus.prepared import PreparedCorpus
    from logire.reporting.browser import browser

    browser(explanations, backbone_predictions, PreparedCorpus.open(documents), split, out)
