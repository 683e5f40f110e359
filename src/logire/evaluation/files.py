"""Predictions files in, metrics files out: what ``logire evaluate`` prints and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from logire.corpus.document import Document
from logire.corpus.gold import DWIE_RULES, read_gold_rules
from logire.corpus.predictions import read_predictions
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import metrics_name, predictions_name, whose
from logire.evaluation.metrics import fact_metrics
from logire.evaluation.scoring import DISTANCE_EDGES, Evaluation, evaluate
from logire.ground.digests import file_digest
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.records import RUN, RunRecord

RUN_KEYS = ("dataset", "backbone", "method", "variant", "seed", "threshold")
"""What a metrics file keeps of the ``run.json`` of the predictions: nothing that differs between equal runs."""


def evaluate_file(
    predictions: Path,
    corpus: PreparedCorpus,
    split: str,
    *,
    distance_edges: Sequence[int] = DISTANCE_EDGES,
    gold_rules: Path | None = None,
) -> dict[str, Any]:
    """Score a predictions file against one split of a prepared corpus.

    The run beside the file is named where its records show that it wrote the file (:func:`whose`).

    Args:
        gold_rules: a file of rules for the logic score; DWIE's published ones where it is None.

    Returns:
        The metrics file's content, see :func:`metrics_file`.

    Raises:
        InputError: the predictions do not fit the documents, the split has no labels, or ``run.json`` is broken.
    """
    documents = labelled(corpus, split)
    gold_rules = gold_rules or DWIE_RULES
    evaluation = evaluate(
        read_predictions(predictions, documents, corpus.schema),
        documents,
        corpus.schema,
        corpus.training_facts,
        read_gold_rules(gold_rules),
        distance_edges,
    )
    return metrics_file(
        evaluation,
        split,
        corpus=corpus.name,
        synthetic=corpus.synthetic,
        data_digest=corpus.digest,
        gold_rules_digest=file_digest(gold_rules),
        predictions=Path(predictions).name,
        predictions_digest=file_digest(predictions),
        record=whose(Path(predictions)),
    )


def evaluate_run(
    run: Path,
    corpus: PreparedCorpus,
    splits: Iterable[str],
    *,
    distance_edges: Sequence[int] = DISTANCE_EDGES,
    gold_rules: Path | None = None,
) -> Iterator[Path]:
    """Score the ``predictions-SPLIT.json`` of a run's folder and write ``metrics-SPLIT.json`` beside each.

    Yields:
        The files, each when it is written.

    Raises:
        InputError: as :func:`evaluate_file` does, or the run in the folder did not write the predictions.
    """
    for split in splits:
        file = own_predictions(run, split)
        result = evaluate_file(file, corpus, split, distance_edges=distance_edges, gold_rules=gold_rules)
        write_json(run / metrics_name(split), result)
        yield run / metrics_name(split)


def labelled(corpus: PreparedCorpus, split: str) -> tuple[Document, ...]:
    """The documents of a split that can be scored.

    Raises:
        InputError: it has no labelled fact.
    """
    documents = corpus.documents(split)
    if not any(document.facts for document in documents):
        raise InputError(
            f"the {split} split has no labelled fact",
            file=corpus.path / f"{split}.json",
            field="labels",
            remedy="score a labelled split; hidden labels are scored by the corpus's own submission site",
        )
    return documents


def own_predictions(run: Path, split: str) -> Path:
    """The ``predictions-SPLIT.json`` of a run's folder.

    Raises:
        InputError: the run in the folder did not write it.
    """
    file = run / predictions_name(split)
    if (run / RUN).exists() and file.exists() and whose(file) is None:
        raise InputError(
            f"is not what the run in {RUN} predicted: edited, or of another model or other logits",
            file=file,
            remedy=f"predict again: logire predict {run}; or score the file by itself: logire evaluate {file}",
        )
    return file


def metrics_file(
    evaluation: Evaluation,
    split: str,
    *,
    corpus: str,
    synthetic: bool,
    data_digest: str | None,
    gold_rules_digest: str,
    predictions: str,
    predictions_digest: str,
    record: RunRecord | None,
) -> dict[str, Any]:
    """The content of a metrics file, as JSON values.

    Args:
        corpus, synthetic, data_digest: the corpus, and the digest of its prepared form.
        gold_rules_digest, predictions_digest: SHA-256 of the two files that were scored, one against the other.
        predictions: the name of the predictions file.
        record: of the run that made the predictions, if that is known.

    Returns:
        ``corpus`` (name, synthetic), ``split``, ``run`` (the :data:`RUN_KEYS` of the record, {} without one),
        ``sources`` (digests of what went in, of the params only where the record has them), and what
        :meth:`logire.evaluation.scoring.Evaluation.as_dict` gives.
    """
    run = record.as_dict() if record else {}
    return {
        "corpus": {"name": corpus, "synthetic": synthetic},
        "split": split,
        "run": {key: run[key] for key in RUN_KEYS if key in run},
        "sources": {
            "run": RUN if run else None,
            "params_digest": run.get("params_digest"),
            "data_digest": data_digest,
            "gold_rules_digest": gold_rules_digest,
            "predictions": predictions,
            "predictions_digest": predictions_digest,
        },
        **evaluation.as_dict(),
    }


def render(result: dict[str, Any]) -> Table:
    """A metrics file's content as a table for the terminal."""
    run = " ".join(f"{key} {result['run'][key]}" for key in RUN_KEYS if key in result["run"])
    corpus = result["corpus"]
    name = f"{corpus['name']}{' (synthetic)' if corpus['synthetic'] else ''}, {result['split']} split"
    table = Table(
        title=f"{name}: {run}" if run else name,
        caption=_caption(result),
        box=box.SIMPLE,
        padding=0,
        caption_justify="left",
    )
    table.add_column("facts", no_wrap=True)
    for column in ("gold", "found", "right", *(metric.heading for metric in fact_metrics())):
        table.add_column(column, justify="right", no_wrap=True)
    rows = {"all": {**result["counts"], **result}}
    rows |= {_interval(group): group for group in result["by_distance"]}
    rows |= {f"{name}-sentence": group for name, group in (result["by_sentence"] or {}).items()}
    for label, row in rows.items():
        counts = (str(row[key]) for key in ("gold", "predicted", "correct"))
        percent = (f"{row[metric.name]:.2f}" for metric in fact_metrics())
        table.add_row(label, *counts, *percent, end_section=label == "all")
    return table


def _interval(group: dict[str, Any]) -> str:
    """A distance group by name: how many tokens stand between the two entities."""
    return f"{group['from']}-{group['to'] - 1} tokens" if group["to"] else f"{group['from']}+ tokens"


def _caption(result: dict[str, Any]) -> str:
    ign = "ign F1 is DocRED's, ign F1* that of the LogiRE authors' script"
    return f"{_logic(result)}\n{ign}"


def _logic(result: dict[str, Any]) -> str:
    if result["logic"] is None:
        return (
            f"logic: no gold rule fires ({result['logic_rules_left_out']} rules need relations that this corpus lacks)"
        )
    fired = sum(rule["bodies"] > 0 for rule in result["logic_rules"])
    gold = "none" if result["gold_logic"] is None else f"{result['gold_logic']:.2f}"
    return f"logic {result['logic']:.2f} over the {fired} gold rules that fire (labels: {gold})"
