"""The rows of limits, beside all sets of facts that break one."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from logire.rules.joint import Facts
from logire.rules.limits import limit_rows
from logire.rules.programme import Rows

N, R = 4, 3
CELLS = [(h, t, r) for h in range(N) for t in range(N) if h != t for r in range(R)]
APART = [(r, atom) for r in range(R) for atom in range(2 * R) if atom != r]
MOST = st.dictionaries(st.integers(0, R - 1), st.integers(0, 2))


def named(rows: Rows) -> list[tuple[int, float, frozenset[int]]]:
    """Each row as its origin, its bound and its facts."""
    assert (rows.matrix.data == 1.0).all()
    held = [frozenset(rows.matrix.indices[a:b].tolist()) for a, b in pairwise(rows.matrix.indptr)]
    return list(zip(rows.origin.tolist(), rows.bound.tolist(), held, strict=True))


@given(
    cells=st.lists(st.sampled_from(CELLS), unique=True),
    tails=MOST,
    heads=MOST,
    apart=st.lists(st.sampled_from(APART), max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_there_is_a_row_for_every_limit_that_can_be_broken_and_no_other(cells, tails, heads, apart) -> None:
    h, t, r = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    facts = Facts(h, t, r, N)
    parts = list(limit_rows(facts, R, tails=tails, heads=heads, apart=apart, weight=2.5, origin=7))
    rows = Rows.together(parts, len(cells))
    assert (rows.weight == 2.5).all()
    expected, origin = [], 7
    for most, end in ((tails, 0), (heads, 1)):
        for relation, number in most.items():
            for entity in range(N):
                group = [k for k, cell in enumerate(cells) if cell[2] == relation and cell[end] == entity]
                if len(group) > number:
                    expected.append((origin, float(number), frozenset(group)))
            origin += 1
    for place, (relation, atom) in enumerate(apart):
        if (relation, atom) in apart[:place]:
            continue
        for one, two in combinations(range(len(cells)), 2):
            for first, second in ((cells[one], cells[two]), (cells[two], cells[one])):
                pair = first[:2] if atom < R else first[1::-1]
                if first[2] == relation and second == (*pair, atom % R):
                    expected.append((origin + place, 1.0, frozenset((one, two))))
                    break
    assert sorted(map(repr, named(rows))) == sorted(map(repr, expected))
    assert rows.origin.tolist() == sorted(rows.origin.tolist()), "in the order of the limits"
