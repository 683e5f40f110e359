"""Do some predictions beat others? The metrics of both side by side, and each gain with its interval over documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from rich.table import Table

from logire.corpus.document import Document, IntArray, Schema
from logire.corpus.gold import DWIE_RULES, GoldRule, read_gold_rules
from logire.corpus.predictions import Prediction
from logire.corpus.prepared import PreparedCorpus
from logire.evaluation.counts import COUNTS, FactTable, fact_table
from logire.evaluation.files import labelled
from logire.evaluation.logic import logic_score, rule_counts
from logire.evaluation.metrics import FactMetric, Metric, find
from logire.evaluation.scoring import DISTANCE_EDGES, checked_edges, predicted_matrix
from logire.evaluation.significance import ENOUGH_FACTS, Bootstrap, paired_bootstrap, paired_bootstrap_of_rules
from logire.ground.numbers import fixed, signed

Verdict = Literal["helps", "no clear difference", "hurts"]

_CAUTION = {
    "train": "The models learnt from train: this says little of new documents.",
    "dev": "Thresholds and other choices were made on dev, so this is optimistic.",
}
_GOLD = COUNTS.index("gold")


class Values(NamedTuple):
    """One metric of both, in percent, and the gain with its 95% interval."""

    base: float
    ours: float
    gain: Bootstrap


@dataclass(frozen=True)
class Column:
    """One metric.

    Attributes:
        name: the metric's; ``heading``: what the table calls it.
        tokens: F1 of the facts whose entities are so many tokens apart: from, to (None: any more), or None: of all.
        facts: the labelled facts that it rests on; None for logic.
        values: None where there are none; ``unknown`` then says why.
    """

    name: str
    heading: str
    tokens: tuple[int, int | None] | None
    facts: int | None
    values: Values | None
    unknown: str = ""

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return self.heading.replace("\n", " at ") + (" tokens" if self.tokens else "")

    @property
    def clearly_worse(self) -> bool:
        """Whether the whole interval is below 0, on labelled facts enough to say so."""
        enough = self.facts is None or self.facts >= ENOUGH_FACTS
        return self.values is not None and self.values.gain.high < 0 and enough


@dataclass(frozen=True)
class Gain:
    """What one set of predictions gains over another on the same documents.

    Attributes:
        corpus, synthetic, split, documents: what was predicted; ``documents`` counts them.
        names: what the two are called, the base first.
        same: whether both predict the same facts.
        columns: F1 of all facts comes first.
    """

    corpus: str
    synthetic: bool
    split: str
    documents: int
    names: tuple[str, str]
    same: bool
    columns: tuple[Column, ...]

    @property
    def f1(self) -> Values:
        """F1 of all facts, which the verdict goes by."""
        values = self.columns[0].values
        assert values is not None
        return values

    @property
    def verdict(self) -> Verdict:
        """Whether the interval of the F1 gain is above 0, holds it, or is below."""
        gain = self.f1.gain
        return "helps" if gain.low > 0 else "hurts" if gain.high < 0 else "no clear difference"

    @property
    def title(self) -> str:
        """What the table shows."""
        name = f"{self.corpus}{' (synthetic)' if self.synthetic else ''}"
        return f"{name}, {self.split}, {self.documents} documents; F1 also by tokens between the entities"

    def sentences(self) -> list[str]:
        """The verdict in words, each metric that gets clearly worse, and why one is unknown."""
        base, ours = self.names
        if self.same:
            found = f"{ours} predicts the same facts as {base} on {self.split}."
        else:
            verb = "makes no clear difference" if self.verdict == "no clear difference" else self.verdict
            found = f"{ours} {verb} on {self.split}: F1 {_spread(self.f1.gain)}."
        worse = [
            f"warning: {column.title} gets worse: {_spread(column.values.gain)}."
            for column in self.columns[1:]
            if column.clearly_worse and column.values
        ]
        # The table itself shows that no labelled fact is at some distance.
        columns = [column for column in self.columns if column.unknown and not column.tokens]
        unknown = [f"{column.title} is unknown: {column.unknown}." for column in columns]
        return [" ".join([found, *([_CAUTION[self.split]] if self.split in _CAUTION else [])]), *worse, *unknown]

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "corpus": {"name": self.corpus, "synthetic": self.synthetic},
            "split": self.split,
            "documents": self.documents,
            "base": self.names[0],
            "ours": self.names[1],
            "verdict": self.verdict,
            "same_predictions": self.same,
            "columns": [_as_dict(column) for column in self.columns],
        }


def measure_gain(
    base: Iterable[Prediction],
    ours: Iterable[Prediction],
    corpus: PreparedCorpus,
    split: str,
    *,
    names: tuple[str, str],
    distance_edges: Sequence[int] = DISTANCE_EDGES,
    gold_rules: Path | None = None,
    seed: int = 0,
) -> Gain:
    """Compare two sets of predictions for one split.

    Args:
        names: what the two are called, the base first.
        gold_rules: a file of rules for the logic score; DWIE's published ones where it is None.
        seed: where the bootstrap's draws of documents are derived from.

    Raises:
        InputError: the split has no labelled fact, edges do not rise, or a prediction is for an unknown document.
    """
    documents, schema = labelled(corpus, split), corpus.schema
    edges = checked_edges(distance_edges)
    listed = read_gold_rules(gold_rules or DWIE_RULES)
    rules = [rule for rule in listed if rule.known_to(schema)]
    known = corpus.training_facts
    tables = [fact_table(predictions, documents, schema, known) for predictions in (base, ours)]
    groups = [np.searchsorted(edges, document.pair_distances(), side="right") for document in documents]
    counts = [_counts(table, groups, len(edges) + 1) for table in tables]
    pooled = [of_groups.sum(axis=1) for of_groups in counts]
    fired = [_rule_counts(table, documents, schema, rules) for table in tables]
    bounds = [int(edge) for edge in edges]
    columns = (
        _of_facts(find("f1"), pooled, seed),
        _of_facts(find("ign_f1"), pooled, seed, unknown="" if known else "no training document has a labelled fact"),
        _of_rules(fired, names, len(listed), seed),
        *(
            _of_facts(find("f1"), [c[:, group] for c in counts], seed, tokens=tokens)
            for group, tokens in enumerate(zip([0, *bounds], [*bounds, None], strict=True))
        ),
    )
    one, other = ({tuple(row) for row in _predicted(table)} for table in tables)
    return Gain(corpus.name, corpus.synthetic, split, len(documents), names, one == other, columns)


def _counts(table: FactTable, groups: Sequence[IntArray], count: int) -> IntArray:
    """(D, G, 5) counts of every document and distance group; ``groups`` has each document's (N, N) group numbers."""
    of_fact = np.zeros_like(table.document)
    for index, group in enumerate(groups):
        rows = np.flatnonzero(table.document == index)
        of_fact[rows] = index * count + group[table.head[rows], table.tail[rows]]
    return table.counts(of_fact, len(groups) * count).reshape(len(groups), count, len(COUNTS))


def _rule_counts(
    table: FactTable, documents: Sequence[Document], schema: Schema, rules: Sequence[GoldRule]
) -> IntArray:
    """(D, K, 2) predicted bodies and heads of every document."""
    predicted = (predicted_matrix(table, index, document, schema) for index, document in enumerate(documents))
    return np.stack([rule_counts(rules, matrix, schema) for matrix in predicted])


def _predicted(table: FactTable) -> IntArray:
    """(P, 4) document, head, relation and tail of the predicted facts."""
    rows = np.stack([table.document, table.head, table.relation, table.tail], axis=1)
    return rows[table.predicted]


def _of_facts(
    metric: Metric,
    counts: Sequence[IntArray],
    seed: int,
    *,
    tokens: tuple[int, int | None] | None = None,
    unknown: str = "",
) -> Column:
    """A column of a metric of facts, from the counts (D, 5) of both."""
    assert isinstance(metric, FactMetric)
    facts = int(counts[0][:, _GOLD].sum())
    heading = metric.heading
    if tokens:
        heading += f"\n{tokens[0]}-{tokens[1] - 1}" if tokens[1] else f"\n{tokens[0]}+"
        unknown = "" if facts else "no labelled fact is at that distance"
    values = None
    if not unknown:
        base, ours = (float(metric.compute(of_documents.sum(axis=0))) for of_documents in counts)
        values = Values(base, ours, paired_bootstrap(counts[0][None], counts[1][None], metric, seed=seed))
    return Column(metric.name, heading, tokens, facts, values, unknown)


def _of_rules(counts: Sequence[IntArray], names: tuple[str, str], listed: int, seed: int) -> Column:
    """The column of the logic score, from the counts (D, K, 2) of both."""
    metric = find("logic")
    if not counts[0].shape[1]:
        unknown = f"none of the {listed} gold rules has the corpus's relations (others: logire compare --gold-rules)"
        return Column(metric.name, metric.heading, None, None, None, unknown)
    gain = paired_bootstrap_of_rules(counts[0], counts[1], seed=seed)
    if gain is None:
        silent = next(name for name, c in zip(names, counts, strict=True) if not c[:, :, 0].any())
        return Column(metric.name, metric.heading, None, None, None, f"no gold rule fires in {silent}'s predictions")
    base, ours = (logic_score(of_documents.sum(axis=0)) or 0.0 for of_documents in counts)
    return Column(metric.name, metric.heading, None, None, Values(base, ours, gain))


def _spread(gain: Bootstrap) -> str:
    difference, low, high = (signed(value) for value in (gain.difference, gain.low, gain.high))
    return f"{difference} (95% interval over documents: {low} to {high})"


def _as_dict(column: Column) -> dict[str, Any]:
    values = column.values
    return {
        "metric": column.name,
        "tokens": list(column.tokens) if column.tokens else None,
        "facts": column.facts,
        "base": values.base if values else None,
        "ours": values.ours if values else None,
        "gain": values.gain.difference if values else None,
        "low": values.gain.low if values else None,
        "high": values.gain.high if values else None,
        "clearly_worse": column.clearly_worse,
        "unknown": column.unknown or None,
    }


def render(gain: Gain) -> Table:
    """The numbers as a table for the terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in gain.columns:
        table.add_column(column.heading, justify="right", no_wrap=True)

    def row(label: str, numbers: Iterable[float | None], text: Callable[[float], str]) -> None:
        table.add_row(label, *("-" if number is None else text(number) for number in numbers))

    values = [column.values for column in gain.columns]
    row(gain.names[0], (v and v.base for v in values), fixed)
    row(gain.names[1], (v and v.ours for v in values), fixed)
    row("gain", (v and v.gain.difference for v in values), signed)
    row("  95% from", (v and v.gain.low for v in values), signed)
    row("  95% to", (v and v.gain.high for v in values), signed)
    row("labelled facts", (column.facts for column in gain.columns), str)
    return table
