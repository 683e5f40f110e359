"""Settings in words: types with their limits, YAML with comments, JSON schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import Field

from logire.ground.errors import InputError
from logire.ground.settings import (
    WIDTH,
    Settings,
    as_yaml,
    describe,
    json_schema,
    settings_from,
    type_name,
)

Share = Annotated[float, Field(ge=0, le=1)]


class Made(Settings):
    """Settings with every kind of type."""

    count: int = Field(3, ge=1, description="how many.")
    rate: float = Field(1e-5, gt=0, description="how fast.")
    drop: float | None = Field(None, ge=0, lt=1, description="how much is dropped.")
    share: Share = Field(0.5, description="which part.")
    shares: Annotated[tuple[Share, ...], Field(min_length=1, strict=False)] = Field(
        (0.0, 0.5), description="which parts."
    )
    kind: Literal["one", "other"] = Field("one", description="which.")
    name: str = Field("no", description="a word that YAML would take for false.")
    on: bool = Field(True, description="whether.")
    file: str | None = Field(None, description="where from.")


class Changed(Made):
    """One default differs."""

    count: int = Field(5, ge=1)


def test_types_in_words() -> None:
    assert {setting.name: setting.type for setting in describe(Made)} == {
        "count": "whole number from 1",
        "rate": "number over 0",
        "drop": "number from 0 to under 1 or null",
        "share": "number from 0 to 1",
        "shares": "list, each a number from 0 to 1",
        "kind": "one of one, other",
        "name": "text",
        "on": "true or false",
        "file": "text or null",
    }


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Path | None, "path or null"),
        (tuple[int, int, int], "list, each a whole number"),
        (Annotated[int, Field(gt=1, le=1_000_000)], "whole number over 1 to 1,000,000"),
        (dict[str, Any], "mapping"),
        (Literal[1, 3], "one of 1, 3"),
    ],
)
def test_further_types(annotation: Any, expected: str) -> None:
    class Other(Settings):
        value: annotation = Field(None, description="it.")

    assert type_name(Other.model_fields["value"]) == expected


def test_yaml_by_hand() -> None:
    assert as_yaml(Made) == (
        "count: 3            # whole number from 1: how many.\n"
        "rate: 1.0e-05       # number over 0: how fast.\n"
        "drop: null          # number from 0 to under 1 or null: how much is dropped.\n"
        "share: 0.5          # number from 0 to 1: which part.\n"
        "shares: [0.0, 0.5]  # list, each a number from 0 to 1: which parts.\n"
        "kind: one           # one of one, other: which.\n"
        "name: 'no'          # text: a word that YAML would take for false.\n"
        "'on': true          # true or false: whether.\n"
        "file: null          # text or null: where from.\n"
    )
    assert as_yaml(Changed, {"count": 7}, indent=2) == "  count: 7  # whole number from 1: how many.\n"
    assert as_yaml(Made, {}) == ""


def test_long_lines_are_wrapped_and_aligned() -> None:
    class Long(Settings):
        short: int = Field(1, description="word " * 50)
        a_name_so_long_that_it_reaches_into_the_comments: int = Field(2, description="word " * 30)

    lines = as_yaml(Long, indent=4).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert {line.index("#") for line in lines if "#" in line} == {44}
    assert [line.partition("#")[0].strip() for line in lines] == [
        "short: 1",
        *[""] * 3,
        "a_name_so_long_that_it_reaches_into_the_comments: 2",
        *[""] * 3,
    ]
    comments = " ".join(line.partition("# ")[2] for line in lines)
    assert comments.split() == [*["whole", "number:"], *["word"] * 50, *["whole", "number:"], *["word"] * 30]


def test_yaml_gives_the_settings_back() -> None:
    for kind in (Made, Changed):
        assert settings_from(kind, yaml.safe_load(as_yaml(kind)), where="made") == kind()


def test_a_default_that_a_subclass_changes_keeps_its_description() -> None:
    (first, *rest), (changed, *same) = describe(Made), describe(Changed)
    assert (changed.default, changed.description, changed.type) == ("5", first.description, first.type)
    assert same == rest


def test_schemas_stand_under_their_names() -> None:
    schema = json_schema({"made": Made, "changed": Changed})
    assert schema["$defs"].keys() == {"made", "changed"}
    count = schema["$defs"]["changed"]["properties"]["count"]
    assert (count["default"], count["minimum"], count["description"]) == (5, 1, "how many.")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"counts": 1}, r"field made\.counts: there is no such setting\n.*: one of count, rate, drop"),
        ({1: 2}, r"field made\.1: .*string"),
        ({"count": 0}, r"field made\.count: .*greater than or equal to 1.*0.*\n.*: give: whole number from 1$"),
        ({"rate": "1e-3"}, r"field made\.rate: the text '1e-3' .* number .*\n.*: write .* 1e-3 as 1\.0e-3"),
        ({"name": 1}, r"field made\.name: .*string.*\n.*: give: text$"),
        ({"shares": [0.5] * 99 + [2]}, r"field made\.shares\.99: .*\n.*: give: list, each a number from 0 to 1$"),
        ({"kind": "x" * 99}, r"\(given: 'x{59}\.\.\.\)\n.*: give: one of one, other$"),
        ({"count": 3.0}, r"field made\.count: .*integer"),
        ({"rate": float("nan")}, r"field made\.rate: .*finite"),
        ({"shares": [0.5, 2]}, r"field made\.shares\.1: .*less than or equal to 1"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings_from(Made, values, where="made")
