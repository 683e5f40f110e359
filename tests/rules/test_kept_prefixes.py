"""The prefixes of a model's rules are laid out once, and anew for other query types."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from logire.rules.maxproduct import Trie
from logire.rules.queries import QueryTypes, RuleSet


def test_rules_keep_their_prefixes_for_the_same_query_types() -> None:
    queries = QueryTypes(np.array([[0, 0, 1]]), np.array([[[-1, 0], [-1, -1]]]))
    rules = RuleSet.of_counts([{(0,): 1, (0, 1): 2}])
    first = Trie.of(rules, queries)
    assert Trie.of(rules, queries) is first
    assert first.head_types.tolist() == [[True, False], [True, False]]
    other = QueryTypes(np.array([[0, 1, 1]]), np.array([[[-1, -1], [-1, 0]]]))
    assert Trie.of(rules, other).head_types.tolist() == [[False, True], [False, True]]
    assert Trie.of(replace(rules), queries) is not first
