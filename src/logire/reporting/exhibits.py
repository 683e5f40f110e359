"""The tables and figures by name. A new one is its module, its test and one line here.

This module imports none of them, so that the workflow can read the list without the libraries that draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from logire.ground.errors import InputError

if TYPE_CHECKING:
    from logire.reporting.material import Made, Material

SOURCES = "sources.json"
"""The ending of the file that lists what a table or figure was made from."""
_TABLE = ("csv", "md", "tex", "html", SOURCES)
_FIGURE = ("png", "pdf", "csv", SOURCES)

Needs = Literal["statistics", "documents", "records", "runs", "rows", "variants", "rules", "shown"]
"""What an exhibit is made from.

- ``statistics``: the corpus's ``statistics.json`` alone;
- ``documents``: the prepared corpus;
- ``records``: the record of every run, out-of-fold runs and variants included;
- ``runs``: the metrics of every backbone and method, on dev and test;
- ``rows``: the same, and those of the variants that every backbone has;
- ``variants``: the metrics of one backbone, its methods and their variants, on dev and test;
- ``rules``: ``rules.csv`` of the shown run of LogiRE;
- ``shown``: the prepared corpus, the test explanations of the shown run of LogiRE, its backbone's test predictions.
"""


@dataclass(frozen=True)
class Exhibit:
    """A table or figure.

    Attributes:
        name: its files are called so.
        title: what a reader calls it.
        kind: the folder it goes to: ``tables`` or ``figures``.
        function: the function of ``module`` that makes it.
        needs: what it is made from.
        endings: of the files that are written.
        forms: the forms of corpora that it fits.
        papers: whether it sets the paper's own figures beside ours, so that it fits the paper's corpora only.
    """

    name: str
    title: str
    kind: Literal["tables", "figures"]
    module: str
    function: str
    needs: Needs
    endings: tuple[str, ...]
    forms: tuple[str, ...] = ("dwie", "docred")
    papers: bool = False

    def load(self) -> Callable[[Material], Made]:
        """The function that makes it."""
        made: Callable[[Material], Made] = getattr(import_module(self.module), self.function)
        return made

    def files(self, out: str) -> list[str]:
        """Its files below a results folder: ``results/dwie/tables/table2.csv``, ..."""
        return [f"{out}/{self.kind}/{self.name}.{ending}" for ending in self.endings]


def _table(
    name: str,
    title: str,
    where: str,
    needs: Needs,
    endings: tuple[str, ...] = _TABLE,
    forms: tuple[str, ...] = ("dwie", "docred"),
    papers: bool = False,
) -> Exhibit:
    return Exhibit(name, title, "tables", f"logire.reporting.{where}", name, needs, endings, forms, papers)


def _figure(name: str, title: str, where: str, needs: Needs, endings: tuple[str, ...] = _FIGURE) -> Exhibit:
    return Exhibit(name, title, "figures", f"logire.reporting.{where}", name, needs, endings)


_EXHIBITS = (
    _table("table1", "Table 1", "paper.table1", "statistics"),
    _table("table1_paper", "Table 1, compared", "paper.table1", "statistics", papers=True),
    _table("table2", "Table 2", "paper.table2", "rows", forms=("dwie",)),
    _table("table2_paper", "Table 2, compared", "paper.table2", "runs", forms=("dwie",), papers=True),
    _table("table3", "Table 3", "paper.table2", "rows", forms=("docred",)),
    _table("table4", "Table 4", "paper.table4", "documents", forms=("docred",)),
    _table("table5", "Table 5", "paper.table5", "rules"),
    _table("relations", "F1 by relation", "ours.relations", "runs"),
    _table("variants", "Variants", "ours.variants", "variants"),
    _table("summary", "Summary", "ours.summary", "runs", endings=("json",)),
    _table("minutes", "Minutes", "ours.minutes", "records", endings=("csv",)),
    _figure("figure3", "Figure 3", "paper.figure3", "documents"),
    _figure("figure4", "Figure 4", "paper.figure4", "runs"),
    _figure("overview", "F1 of every backbone", "ours.overview", "runs"),
    _figure("distances", "Gain by distance", "ours.distances", "runs"),
    _figure("figure5", "Figure 5", "paper.figure5", "shown", endings=("png", "pdf", "json", SOURCES)),
    _figure("frontier", "F1 against logic", "ours.frontier", "variants"),
)


def exhibits() -> tuple[Exhibit, ...]:
    """Every table and figure, in the order in which a report shows them."""
    return _EXHIBITS


def find(name: str) -> Exhibit:
    """The table or figure called ``name``.

    Raises:
        InputError: there is none.
    """
    for exhibit in _EXHIBITS:
        if exhibit.name == name:
            return exhibit
    names = ", ".join(exhibit.name for exhibit in _EXHIBITS)
    raise InputError(f"no table or figure is called {name!r}", field="only", remedy=f"one of {names}")
