"""Where the rules of LogiRE+ come from. A new source is one function under :func:`source`; open rules come on top.

This module imports nothing heavy: the settings, and with them help and params files, name the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from logire.corpus.gold import INVERSE, read_gold_rules
from logire.ground.settings import MOST, Settings
from logire.rules.logire.settings import Count, LogiRESettings
from logire.rules.mining import count_paths, highest, mine, open_rules
from logire.rules.queries import LONGEST, Body, Problem, QueryTypes, RuleSet

Counts = list[dict[Body, int]]
"""For each query type: rule body -> how often it was seen; a rule's prior grows with it."""

Find = Callable[[Problem, "SourceSettings", int, str], Counts]
"""Called as find(problem, settings, seed, device)."""


@dataclass(frozen=True)
class Source:
    """A source of rules, and what it gives, for the help."""

    find: Find
    help: str


SOURCES: dict[str, Source] = {}
"""Every source by its name, the default first."""


def source(description: str) -> Callable[[Find], Find]:
    """Register a function under its own name as a source of rules."""

    def register(find: Find) -> Find:
        SOURCES[find.__name__] = Source(find, description)
        return find

    return register


@source("the mined bodies that join the most facts")
def frequent(problem: Problem, settings: SourceSettings, seed: int, device: str) -> Counts:
    del seed, device
    mined = count_paths(problem.train, problem.queries, settings.max_length)
    return highest(mined, mined, settings.rules_per_query)


@source("the mined bodies whose pairs carry the relation most often")
def confident(problem: Problem, settings: SourceSettings, seed: int, device: str) -> Counts:
    from logire.rules.ruletable import confidences

    del seed, device
    mined = count_paths(problem.train, problem.queries, settings.max_length)
    return highest(mined, confidences(problem.train, mined, problem.queries), settings.rules_per_query)


@source("bodies that the neural generator draws after it has learnt the mined table, as in the first EM iteration")
def generated(problem: Problem, settings: SourceSettings, seed: int, device: str) -> Counts:
    from logire.ground.runtime import pick_device
    from logire.rules.logire.fitting import fit_generator
    from logire.rules.logire.generator import draw_rules, new_generator

    chosen = LogiRESettings(
        max_length=settings.max_length,
        rules_per_query=settings.rules_per_query,
        generator_epochs=settings.generator_epochs,
    )
    generator = new_generator(problem.schema, problem.queries, chosen, seed, pick_device(device))
    fit_generator(
        generator,
        mine(problem.train, problem.queries, chosen.max_length),
        epochs=chosen.generator_epochs,
        learning_rate=chosen.generator_learning_rate,
        batch=chosen.generator_batch,
        seed=seed,
    )
    # As many distinct bodies as the other sources give, where the generator has them: the most drawn of a large draw.
    many = chosen.model_copy(update={"rules_per_query": 20 * settings.rules_per_query})
    drawn = draw_rules(generator, problem.queries, many, seed)
    parts = [drawn.query(q) for q in range(len(problem.queries))]
    counts = [dict(zip(drawn.bodies[part], drawn.counts[part].tolist(), strict=True)) for part in parts]
    return highest(counts, counts, settings.rules_per_query)


@source("hand-written ones, in a file of rules")
def gold(problem: Problem, settings: SourceSettings, seed: int, device: str) -> Counts:
    del seed, device
    assert settings.gold_rules is not None, "the settings see to it"
    schema = problem.schema
    size = len(schema.relations)
    of_relation: dict[int, list[Body]] = {}
    for rule in read_gold_rules(settings.gold_rules):
        if rule.known_to(schema):
            body = tuple(
                schema.relation_index[atom.removeprefix(INVERSE)] + (size if atom.startswith(INVERSE) else 0)
                for atom in rule.body
            )
            of_relation.setdefault(schema.relation_index[rule.head], []).append(body)
    return [dict.fromkeys(of_relation.get(int(relation), []), 1) for relation, _, _ in problem.queries.triples]


if TYPE_CHECKING:
    SourceName = str
else:
    SourceName = Literal[tuple(SOURCES)]


class SourceSettings(Settings):
    """The settings of LogiRE+ that say where its rules come from."""

    rules: SourceName = Field(
        next(iter(SOURCES)),
        description="where the bodies come from: "
        + "; ".join(f"`{name}`, {found.help}" for name, found in SOURCES.items())
        + ".",
    )
    gold_rules: str | None = Field(
        None,
        min_length=1,
        validate_default=True,
        description="that file, `head <- atom ^ ~inverse` a line; needed for `gold` alone.",
    )
    rules_per_query: Annotated[int, Field(ge=0, le=MOST)] = Field(
        20,
        description="bodies for each query type, at most (of hand-written ones all are taken); the identity rule "
        "comes on top where it is not among them. 0: it alone.",
    )
    max_length: Annotated[int, Field(ge=1, le=LONGEST)] = Field(3, description="longest rule body.")
    generator_epochs: Count = Field(40, description="passes of the generator over the mined table (`generated` alone).")
    open_rules: Annotated[int, Field(ge=0, le=MOST)] = Field(
        20,
        description="open bodies for each query type, at most: `r1 ^ any` (the head has r1 to an entity other than "
        "the tail) and `any ^ r1`, those that hold for the most facts; the four of the relation itself "
        "come on top. 0: none, closed rules alone, as in the paper.",
    )
    tied: bool = Field(
        True,
        description="fit the weights of a relation's query types together (each body one weight, each type pair an "
        "offset) instead of each query type alone.",
    )

    @field_validator("gold_rules")
    @classmethod
    def _given_where_needed(cls, file: str | None, others: ValidationInfo) -> str | None:
        if file is None and others.data.get("rules") == "gold":
            raise ValueError("gold rules need a file")
        return file


def find_rules(problem: Problem, settings: SourceSettings, *, seed: int, device: str) -> RuleSet:
    """The bodies of every query type by ``settings.rules``; those of a relation shared by its types where tied.

    Raises:
        InputError: the file of gold rules is broken.
    """
    queries = problem.queries
    if settings.rules_per_query or settings.rules == "gold":
        counts = SOURCES[settings.rules].find(problem, settings, seed, device)
    else:
        counts = [{} for _ in queries.triples]
    opened = open_rules(problem.train, queries, settings.open_rules) if settings.open_rules else ()
    return rule_set(counts, opened, queries, tied=settings.tied)


def rule_set(
    counts: Sequence[dict[Body, int]], opened: Sequence[dict[Body, int]], queries: QueryTypes, *, tied: bool
) -> RuleSet:
    """The bodies of every query type, the identity among them.

    Args:
        counts: of the source, for each query type; added to.
        opened: the open bodies for each query type; empty where there are none.
        tied: whether the query types of a relation share theirs.
    """
    for q, (relation, _, _) in enumerate(queries.triples):
        counts[q].setdefault((int(relation),), 0)
    for found, more in zip(counts, opened, strict=False):
        found |= more
    return RuleSet.of_counts(queries.tied(counts) if tied else counts)
