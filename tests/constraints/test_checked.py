"""A user's file of constraints: what is not known or can't be meant is refused where it stands, with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from logire.constraints.checked import KEYS, read_constraints
from logire.corpus.document import Schema
from logire.ground.errors import InputError
from logire.rules.queries import Rule

SCHEMA = Schema(("capital_of", "city_in", "parent_of", "child_of", "spouse_of"), ("PER", "LOC"))
CAPITAL, CITY, PARENT, CHILD, SPOUSE = range(5)
WHOLE = """
types:
- {head: [LOC], tail: [LOC], relations: [capital_of, city_in]}
at_most:
- {relations: [capital_of], tails: 2}
functional: [capital_of]
inverse_functional: [capital_of]
symmetric: [spouse_of]
inverse: [[parent_of, child_of]]
acyclic: [parent_of, city_in]
disjoint: [[spouse_of, parent_of], [~child_of, spouse_of], [parent_of, ~parent_of]]
implications:
- {if: [capital_of], then: city_in, weight: 2}
- {if: [child_of, ~child_of], then: spouse_of}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "constraints.yaml"


def test_a_whole_file_by_number(file: Path) -> None:
    file.write_text(WHOLE)
    found = read_constraints(file, SCHEMA)
    assert found.allowed[CAPITAL].tolist() == [[False, False], [False, True]]
    assert found.allowed[PARENT:].all()
    assert (found.tails, found.heads, found.acyclic) == ({CAPITAL: 1}, {CAPITAL: 1}, (PARENT, CITY))
    assert found.rules == (
        Rule(SPOUSE, (SPOUSE + 5,)),
        Rule(PARENT, (CHILD + 5,)),
        Rule(CHILD, (PARENT + 5,)),
        Rule(CITY, (CAPITAL,)),
        Rule(SPOUSE, (CHILD, CHILD + 5)),
    )
    assert found.weights == (float("inf"),) * 3 + (2.0, float("inf"))
    assert found.disjoint == ((SPOUSE, PARENT), (CHILD, SPOUSE + 5), (PARENT, PARENT + 5))
    assert set(found.words.values()) == {
        "types: capital_of from [LOC] to [LOC]",
        "types: city_in from [LOC] to [LOC]",
        "functional: capital_of",
        "inverse_functional: capital_of",
        "symmetric: spouse_of",
        "inverse: [parent_of, child_of]",
        "acyclic: parent_of",
        "acyclic: city_in",
        "disjoint: [spouse_of, parent_of]",
        "disjoint: [~child_of, spouse_of]",
        "disjoint: [parent_of, ~parent_of]",
        "implications: {if: [capital_of], then: city_in, weight: 2}",
        "implications: {if: [child_of, ~child_of], then: spouse_of}",
    }


@pytest.mark.parametrize(
    ("text", "field", "problem", "remedy"),
    [
        ("functional: [capitol_of]", "functional[0]", "unknown relation 'capitol_of'", "did you mean capital_of"),
        ("symmetric: [spouse_of, SPOUSE_OF]", "symmetric[1]", "unknown relation", "did you mean spouse_of?"),
        ("acyclic: [zzz]", "acyclic[0]", "unknown relation 'zzz'", "the model's relations are capital_of, city_in"),
        ("inverse: [[parent_of, chid_of]]", "inverse[0][1]", "unknown relation", "child_of"),
        (
            "disjoint: [[parent_of, ~chid_of]]",
            "disjoint[0][1]",
            "unknown relation '~chid_of'",
            "did you mean ~child_of",
        ),
        ("at_most:\n- {relations: [nope], tails: 1}", "at_most[0].relations[0]", "unknown relation", "city_in"),
        ("types:\n- {head: [PERS], tail: [LOC], relations: [city_in]}", "types[0].head[0]", "unknown type", "PER?"),
        (
            "types:\n- {head: [PER], tail: [LOC], relations: [x]}",
            "types[0].relations[0]",
            "unknown relation",
            "city_in",
        ),
        ("implications:\n- {if: [sity_in], then: city_in}", "implications[0].if[0]", "unknown relation", "city_in?"),
        ("implications:\n- {if: [city_in], then: ~city_in}", "implications[0].then", "is the inverse", "other end"),
        ("functional: [~city_in]", "functional[0]", "~city_in is the inverse of city_in", "write city_in"),
        ("fonctional: [city_in]", "fonctional", "is not a kind of constraint", "did you mean functional"),
        ("symmetric: [parent_of]\nacyclic: [parent_of]", "acyclic[0]", "is symmetric too (symmetric[0])", "keep one"),
        ("at_most:\n- {relations: [city_in], heads: 0}", "at_most[0].heads", "is 0", "1 or more"),
        ("at_most:\n- {relations: [city_in]}", "at_most[0]", "neither tails nor heads", "tails: 1"),
        ("disjoint: [[city_in, city_in]]", "disjoint[0]", "disjoint with itself", "[city_in, ~city_in]"),
        ("inverse: [[city_in, city_in]]", "inverse[0]", "its own inverse", "symmetric: [city_in]"),
        (
            "types:\n- {head: [PER], tail: [LOC], relations: [city_in]}\n"
            "- {head: [LOC], tail: [LOC], relations: [city_in]}",
            "types[1].head",
            "city_in has other types in types[0]",
            "no head fits both",
        ),
        ("types:\n- {head: [], tail: [LOC], relations: [city_in]}", "types[0].head", "names no type", "name the types"),
        (
            "symmetric: [city_in]\ntypes:\n- {head: [PER], tail: [LOC], relations: [city_in]}",
            "symmetric",
            "the types of both never fit",
            "change types",
        ),
        (
            "symmetric: [spouse_of]\ndisjoint: [[spouse_of, ~spouse_of]]",
            "symmetric",
            "but disjoint: [spouse_of, ~spouse_of]",
            "no fact of spouse_of could hold",
        ),
        (
            "inverse: [[parent_of, child_of]]\ndisjoint: [[~child_of, parent_of]]",
            "inverse",
            "but disjoint: [~child_of, parent_of]",
            "keep one",
        ),
        (
            "implications:\n- {if: [~city_in], then: city_in}\nacyclic: [city_in]",
            "implications",
            "but city_in is acyclic",
            "keep one",
        ),
        ("implications:\n- {if: [city_in], then: city_in}", "implications", "implies itself", "leave it out"),
    ],
)
def test_what_is_unknown_or_contradictory_is_refused(
    file: Path, text: str, field: str, problem: str, remedy: str
) -> None:
    file.write_text(text + "\n")
    with pytest.raises(InputError) as raised:
        read_constraints(file, SCHEMA)
    error = raised.value
    assert (error.file, error.field) == (str(file), field)
    assert problem in error.problem
    assert remedy in (error.remedy or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no constraint"),
        ("functional: []", "holds no constraint"),
        ("functional: city_in", "field functional: expected `array`"),
        ("implications:\n- {if: [], then: city_in}", "length >= 1"),
        ("implications:\n- {if: [city_in, city_in, city_in, city_in, city_in], then: city_in}", "length <= 4"),
        ("implications:\n- {if: [city_in], then: city_in, weight: 0}", "> 0"),
        ("implications:\n- {if: [city_in], then: city_in, weight: .nan}", "> 0"),
        ("implications:\n- {if: [city_in], then: city_in, wait: 1}", "wait"),
        ("at_most:\n- {relations: [city_in], tails: -1}", ">= 0"),
        ("inverse: [[parent_of]]", "length 2"),
        ("- functional", "a mapping of constraints was expected"),
        ("functional: [city_in]\nfunctional: [capital_of]", "the key occurs twice"),
    ],
)
def test_a_file_of_another_form_is_refused(file: Path, text: str, message: str) -> None:
    file.write_text(text + "\n")
    with pytest.raises(InputError, match=message) as raised:
        read_constraints(file, SCHEMA)
    assert str(raised.value.file).startswith(str(file))


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_constraints(file, SCHEMA)


def test_a_message_does_not_list_a_hundred_relations(file: Path) -> None:
    file.write_text("functional: [zzz]\n")
    with pytest.raises(InputError, match=r"q0, .* and 88 more"):
        read_constraints(file, Schema(tuple(f"q{i}" for i in range(100)), ("PER",)))


def test_the_keys_are_those_of_the_format() -> None:
    assert KEYS[:4] == ("types", "at_most", "functional", "inverse_functional")
