"""Where the rules of LogiRE+ come from."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from rules_builders import QUICK, plus, rules_found

from logire.ground.errors import InputError
from logire.ground.settings import settings_from
from logire.rules.mining import count_paths
from logire.rules.plus.model import LogiREPlus
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import SOURCES
from logire.rules.queries import QueryTypes
from logire.rules.trusted import Mined

GOLD = "agent_of <- in0 ^ ~gpe0\nagent_of <- ~in0\n# none\ngpe0 <- gpe0 ^ in0\nelsewhere <- in0\nin0 <- elsewhere\n"


def chosen_source(name: str, tmp_path) -> dict:
    (tmp_path / "gold.txt").write_text(GOLD)
    more = {"gold": {"gold_rules": str(tmp_path / "gold.txt")}, "generated": {"generator_epochs": 1}}
    return {"rules": name, **more.get(name, {})}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_identity_rule_and_few_others(name, noise, schema, tmp_path):
    train, dev = noise
    queries = QueryTypes.of(train, schema)
    chosen = plus(**chosen_source(name, tmp_path), rules_per_query=2, max_length=2, tied=False, open_rules=0)
    rules = rules_found(train, schema, chosen)
    assert len(rules.start) == len(queries) + 1
    for q, (relation, _, _) in enumerate(queries.triples):
        bodies = set(rules.bodies[rules.query(q)])
        assert len(bodies) == rules.start[q + 1] - rules.start[q]
        assert (int(relation),) in bodies
        assert len(bodies - {(int(relation),)}) <= 2
        assert max(len(body) for body in bodies) <= 2
        assert np.exp(rules.log_prior[rules.query(q)]).sum() == pytest.approx(1.0)
        if name == "gold":
            expected = {2: {(0, 4), (3,)}, 1: {(1, 0)}, 0: set()}[int(relation)]
            assert bodies == expected | {(int(relation),)}
    assert max(np.diff(rules.start)) >= 2
    tied = rules_found(train, schema, plus(**vars(chosen) | {"tied": True}))
    for q, (relation, _, _) in enumerate(queries.triples):
        of_relation = [rules.bodies[rules.query(p)] for p in np.flatnonzero(queries.triples[:, 0] == relation)]
        assert set(tied.bodies[tied.query(q)]) == {body for bodies in of_relation for body in bodies}
    model = LogiREPlus(schema, plus(**vars(chosen) | QUICK), device="cpu").fit(train, dev)
    assert model.fitted.last.rules.bodies == rules.bodies


def test_frequent_ranks_by_facts_joined_and_confident_by_the_share_that_is_right(document, schema):
    """gpe0(h, t) after in0(h, t) half the time, in many documents; after ~agent_of(h, t) always, in a few."""
    made = []
    for i in range(12):
        facts = [(0, 0, 1), (2, 0, 3), (0, 1, 1)]
        made.append(document(schema, [0, 1, 0, 1], [*facts, *([(1, 2, 0)] if i < 3 else [])], title=f"D{i}"))
    queries = QueryTypes.of(made, schema)
    [q] = [q for q, (r, _, _) in enumerate(queries.triples) if r == 1]
    found = {
        name: rules_found(made, schema, plus(rules=name, rules_per_query=2, max_length=1, open_rules=0))
        for name in ("frequent", "confident")
    }
    # the identity rule is mined too, and is right always
    assert set(found["frequent"].bodies[found["frequent"].query(q)]) == {(1,), (0,)}
    assert set(found["confident"].bodies[found["confident"].query(q)]) == {(1,), (5,)}
    counts = dict(zip(found["frequent"].bodies, found["frequent"].counts.tolist(), strict=True))
    assert counts[0,] == 12
    certain = Mined.of(made, queries, length=1, least=3).of_types(0.9)
    assert certain.bodies[certain.query(q)] == ((5,),)
    likely = Mined.of(made, queries, length=1, least=3).of_types(0.5)
    assert likely.bodies[likely.query(q)] == ((0,), (5,))


def test_the_settings_name_every_source_and_say_what_it_gives():
    field = LogiREPlusSettings.model_fields["rules"]
    assert get_args(field.annotation) == tuple(SOURCES)
    assert field.default == "frequent"
    assert all(f"`{name}`, {found.help}" in field.description for name, found in SOURCES.items())
    with pytest.raises(InputError, match=r"logire_plus\.rules.*'frequent', 'confident', 'generated' or 'gold'"):
        settings_from(LogiREPlusSettings, {"rules": "best"}, where="logire_plus")


def test_query_types_without_a_reliable_rule_have_none(noise, schema):
    train, _ = noise
    queries = QueryTypes.of(train, schema)
    assert len(Mined.of(train, queries, length=1, least=10_000).of_types(0.1)) == 0
    # with the median of each query type's most frequent body for a support, half of them keep a rule
    most = [max(n for body, n in found.items() if len(body) > 1) for found in count_paths(train, queries, 2)]
    some = np.diff(Mined.of(train, queries, length=2, least=int(np.median(most))).of_types(0.01).start)
    assert min(some) == 0 < max(some)


def test_bodies_of_a_relation_are_summed_over_its_types(schema):
    queries = QueryTypes.from_triples(np.array([[0, 0, 0], [0, 0, 1], [2, 0, 1]]), schema)
    counts = [{(0,): 2, (1, 2): 1}, {(0,): 3}, {(4,): 1}]
    assert queries.tied(counts) == [{(0,): 5, (1, 2): 1}, {(0,): 5, (1, 2): 1}, {(4,): 1}]


def test_priors_of_gold_rules_by_hand(noise, schema, tmp_path):
    """Each is as if drawn once, the identity rule not at all; all counts are raised by one."""
    chosen = plus(**chosen_source("gold", tmp_path), tied=False, open_rules=0)
    rules = rules_found(noise[0], schema, chosen)
    relation = QueryTypes.of(noise[0], schema).triples[:, 0].tolist()
    priors = {0: {(0,): 1.0}, 1: {(1,): 1 / 3, (1, 0): 2 / 3}, 2: {(2,): 1 / 5, (3,): 2 / 5, (0, 4): 2 / 5}}
    for q in map(relation.index, priors):
        part = rules.query(q)
        found = dict(zip(rules.bodies[part], np.exp(rules.log_prior[part]), strict=True))
        assert found == {body: pytest.approx(prior) for body, prior in priors[relation[q]].items()}


def test_gold_rules_without_a_file_are_an_error(noise, schema, tmp_path):
    train, dev = noise
    with pytest.raises(InputError, match=r"field logire_plus\.gold_rules: gold rules need a file"):
        settings_from(LogiREPlusSettings, {"rules": "gold"}, where="logire_plus")
    with pytest.raises(InputError, match=r"nothing\.txt: does not exist"):
        LogiREPlus(schema, plus(rules="gold", gold_rules=str(tmp_path / "nothing.txt"))).fit(train, dev)
