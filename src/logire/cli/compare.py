"""Commands that say how good a backbone is by itself, and whether rules helped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logire.cli.common import Distances, Documents, GoldRules, Json, Split, console, read_edges
from logire.ground.errors import InputError

if TYPE_CHECKING:
    from logire.evaluation.gain import Gain


def threshold(
    logits: Annotated[Path, typer.Argument(help="A logits dump: ours (.safetensors) or the authors' torch file.")],
    documents: Documents,
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    out: Annotated[
        Path | None, typer.Option(help="Write the predictions; default: only say the threshold.", show_default=False)
    ] = None,
) -> None:
    """Choose a dump's threshold by F1 on dev, and predict with it: the backbone by itself, without rules."""
    from logire.corpus.dump import above, dev_threshold, read_dump
    from logire.corpus.dumpcheck import check_logits
    from logire.corpus.predictions import write_predictions
    from logire.corpus.prepared import PreparedCorpus
    from logire.evaluation.files import labelled

    corpus = PreparedCorpus.open(documents)
    labelled(corpus, "dev")
    dev = read_dump(logits, corpus, "dev")
    check_logits(dev, corpus.schema, logits)
    best = dev_threshold(dev)
    print(f"threshold {best.theta:.4f}, dev F1 {100 * best.f1:.2f}")
    if out:
        found = above(dev if split == "dev" else read_dump(logits, corpus, split), best.theta, corpus.schema)
        write_predictions(out, found)
        print(f"{len(found)} predictions for {split}: {out}")


def compare(
    base: Annotated[
        Path,
        typer.Argument(
            help="A folder that `logire fit` wrote: its rules against the backbone by itself. Or, with OURS, a "
            "predictions file or a run's folder.",
        ),
    ],
    ours: Annotated[
        Path | None,
        typer.Argument(help="What to compare with BASE: a predictions file or a run's folder.", show_default=False),
    ] = None,
    split: Annotated[Split, typer.Option(help="train, dev or test.")] = "test",
    documents: Annotated[
        Path | None,
        typer.Option(
            help="A folder that `logire prepare` wrote; default: the documents of the run.", show_default=False
        ),
    ] = None,
    logits: Annotated[
        Path | None, typer.Option(help="Of a fitted run; default: the logits of the fit.", show_default=False)
    ] = None,
    distances: Distances = "100,200,400",
    gold_rules: GoldRules = None,
    as_json: Json = False,
) -> None:
    """Did the rules help? F1, ign F1, logic and F1 by distance of both, and each gain with its 95% interval."""
    from logire.reporting.gains import gain_between, gain_of_run

    options: dict[str, Any] = {"distance_edges": read_edges(distances), "gold_rules": gold_rules}
    if ours is None:
        show(gain_of_run(base, split, documents=documents, logits=logits, **options), as_json=as_json)
        return
    if logits is not None:
        raise InputError("goes with one fitted run", field="--logits", remedy="leave it out: predictions are compared")
    show(gain_between(base, ours, split, documents=documents, **options), as_json=as_json)


def show(gain: Gain, *, as_json: bool = False, **also: Any) -> None:
    """Print a gain: a table and sentences, or JSON with the fields of ``also`` before."""
    from logire.evaluation.gain import render

    if as_json:
        print(json.dumps(also | gain.as_dict(), indent=2, allow_nan=False))
        return
    terminal = console()
    terminal.print(gain.title, soft_wrap=True)
    terminal.print(render(gain))
    for sentence in gain.sentences():
        terminal.print(sentence, highlight=False, soft_wrap=True)
