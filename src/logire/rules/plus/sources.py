"""Where the rules of LogiRE+ come from; all but the last give up to N bodies a query type.

``frequent``: the mined bodies that join the most facts. ``confident``: those whose pairs carry the relation most
often. ``generated``: drawn from the neural generator after it has learnt the mined table, as in the first EM iteration
of the paper. ``gold``: written by hand. Open rules come on top of each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from logire.corpus.document import Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.gold import INVERSE, read_gold_rules
from logire.ground.errors import InputError
from logire.rules.em import draw_rules, new_generator
from logire.rules.fitting import fit_generator
from logire.rules.mining import count_paths, normalised
from logire.rules.plus.open import open_rules
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.queries import Body, QueryTypes
from logire.rules.ruleset import RuleSet
from logire.rules.ruletable import label_counts
from logire.rules.settings import LogiRESettings

Counts = list[dict[Body, int]]


def find_rules(
    train: Sequence[ScoredDocument],
    schema: Schema,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    *,
    seed: int,
    device: torch.device,
) -> RuleSet:
    """The bodies of every query type by ``settings.rules``; those of a relation shared by its types where tied.

    Raises:
        InputError: gold rules are asked for without a file, or the file is broken.
    """
    most = settings.rules_per_query
    if settings.rules == "generated":
        counts = _generated(train, schema, queries, settings, seed, device)
    elif settings.rules == "gold":
        counts = _gold(schema, queries, settings.gold_rules)
    else:
        mined = count_paths(train, queries, settings.max_length)
        rank: Sequence[Mapping[Body, float]] = mined
        if settings.rules == "confident":
            rank = _confidence(mined, train, queries)
        counts = [
            {body: int(found[body]) for body in sorted(found, key=lambda b: (-order[b], b))[:most]}
            for found, order in zip(mined, rank, strict=True)
        ]
    for q, (relation, _, _) in enumerate(queries.triples):
        counts[q].setdefault((int(relation),), 0)
    if settings.open_rules:
        for found, opened in zip(counts, open_rules(train, queries, settings.open_rules), strict=True):
            found |= opened
    return rule_set(shared(counts, queries) if settings.tied else counts)


def rule_set(counts: Counts) -> RuleSet:
    """A rule set whose priors are the shares of the counts, each raised by one."""
    priors = []
    for bodies in counts:
        total = sum(bodies.values()) + len(bodies)
        priors.append({body: math.log((count + 1) / total) for body, count in bodies.items()})
    return RuleSet.of(counts, priors)


def shared(counts: Counts, queries: QueryTypes) -> Counts:
    """Every query type gets the bodies of all query types of its relation, with their summed counts."""
    of_relation: dict[int, Counter[Body]] = {}
    for bodies, (relation, _, _) in zip(counts, queries.triples, strict=True):
        of_relation.setdefault(int(relation), Counter()).update(bodies)
    return [dict(of_relation[int(relation)]) for relation, _, _ in queries.triples]


def reliable(
    train: Sequence[ScoredDocument], queries: QueryTypes, *, length: int, support: int, confidence: float
) -> RuleSet:
    """The mined rules that are right for at least ``confidence`` of the pairs they join, the identity left out."""
    mined = [
        {body: n for body, n in found.items() if n >= support and body != (int(relation),)}
        for found, (relation, _, _) in zip(count_paths(train, queries, length), queries.triples, strict=True)
    ]
    shares = _confidence(mined, train, queries)
    return rule_set(
        [
            {body: int(n) for body, n in found.items() if share[body] >= confidence}
            for found, share in zip(mined, shares, strict=True)
        ]
    )


def _confidence(
    mined: Sequence[Mapping[Body, int]], train: Sequence[ScoredDocument], queries: QueryTypes
) -> list[dict[Body, float]]:
    """Body -> share of the pairs of the query type joined by it that carry the relation."""
    rules = rule_set([dict(found) for found in mined])
    support, joined = label_counts(rules, queries, train)
    share = np.divide(support, joined, out=np.zeros(len(rules)), where=joined > 0)
    parts = [rules.query(q) for q in range(len(queries))]
    return [dict(zip(rules.bodies[part], share[part].tolist(), strict=True)) for part in parts]


def _generated(
    train: Sequence[ScoredDocument],
    schema: Schema,
    queries: QueryTypes,
    settings: LogiREPlusSettings,
    seed: int,
    device: torch.device,
) -> Counts:
    chosen = LogiRESettings(
        max_length=settings.max_length,
        rules_per_query=settings.rules_per_query,
        generator_epochs=settings.generator_epochs,
    )
    generator = new_generator(schema, queries, chosen, seed, device)
    fit_generator(
        generator,
        normalised(count_paths(train, queries, chosen.max_length)),
        epochs=chosen.generator_epochs,
        learning_rate=chosen.generator_learning_rate,
        batch=chosen.generator_batch,
        seed=seed,
    )
    # As many distinct bodies as the other sources give, where the generator has them: the most drawn of a large draw.
    many = chosen.model_copy(update={"rules_per_query": 20 * settings.rules_per_query})
    drawn = draw_rules(generator, queries, many, seed)
    counts: Counts = []
    for q in range(len(queries)):
        part = drawn.query(q)
        found = dict(zip(drawn.bodies[part], drawn.counts[part].tolist(), strict=True))
        kept = sorted(found, key=lambda body: (-found[body], body))[: settings.rules_per_query]
        counts.append({body: found[body] for body in kept})
    return counts


def _gold(schema: Schema, queries: QueryTypes, file: str | None) -> Counts:
    if file is None:
        raise InputError("gold rules need a file", field="gold_rules", remedy="give one, or another source of rules")
    size = len(schema.relations)
    of_relation: dict[int, list[Body]] = {}
    for rule in read_gold_rules(file):
        if rule.known_to(schema):
            body = tuple(
                schema.relation_index[atom.removeprefix(INVERSE)] + (size if atom.startswith(INVERSE) else 0)
                for atom in rule.body
            )
            of_relation.setdefault(schema.relation_index[rule.head], []).append(body)
    return [dict.fromkeys(of_relation.get(int(relation), []), 1) for relation, _, _ in queries.triples]
