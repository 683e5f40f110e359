"""The kinds of rules, from their text."""

from __future__ import annotations

import pytest

from logire.corpus.gold import DWIE_RULES, Kind, kind_of, read_gold_rules


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("in0", Kind.IDENTITY),
        ("~in0", Kind.PAIR),
        ("gpe0", Kind.PAIR),
        ("in0 ^ in0", Kind.CHAIN),
        ("~agent_of ^ in0 ^ gpe0", Kind.CHAIN),
        ("in0 ^ any", Kind.OPEN),
        ("any ^ ~gpe0", Kind.OPEN),
        ("many ^ company_of", Kind.CHAIN),  # not every name with "any" in it is the open atom
    ],
)
def test_the_kind_of_a_body_of_in0(body: str, kind: Kind) -> None:
    assert kind_of("in0", body.split(" ^ ")) is kind


def test_gold_rules_are_chains_and_rules_of_a_pair() -> None:
    kinds = [kind_of(rule.head, rule.body) for rule in read_gold_rules(DWIE_RULES)]
    assert set(kinds) == {Kind.CHAIN, Kind.PAIR}
