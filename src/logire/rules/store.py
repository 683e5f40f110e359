"""A fitted model on disk: ``model.safetensors``, ``rules.csv`` and ``history.csv``.

``model.safetensors`` holds every array, named ``rules0/start``, ``stage0/weights`` and so on, the rule generator's
parameters under ``generator/`` where there is one, and as metadata :class:`Origin` and the stages' other values as
JSON. Nothing of it reaches a kernel before every index, shape and number is checked.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import save_file

from logire.corpus.document import Schema
from logire.corpus.runfolder import FORMER, HISTORY, MODEL, RULES
from logire.ground.errors import InputError
from logire.ground.files import atomic, read_text, write_text
from logire.rules.arrays import (
    AGAIN,
    GENERATOR,
    Checked,
    Named,
    named_calibration,
    named_context,
    named_extractor,
    named_rules,
    read_arrays,
)
from logire.rules.closure import ClosureStage
from logire.rules.consistency import ConsistencyStage
from logire.rules.fitted import Fitted
from logire.rules.queries import LONGEST, Rule, RuleSet, any_atom
from logire.rules.ruletable import COLUMNS
from logire.rules.stages import ExtractorStage, Stage
from logire.rules.trusted import Denials
from logire.rules.unseen import UnseenStage

if TYPE_CHECKING:
    import pandas as pd  # a third of a second, which predicting does without

Bodies = tuple[Annotated[tuple[int, ...], Field(min_length=1, max_length=LONGEST)], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, ser_json_inf_nan="constants")


class ExtractorNotes(_Strict):
    """An :class:`ExtractorStage` without its arrays; ``rules`` is the number of its rule set."""

    kind: Literal["extractor"] = "extractor"
    rules: int
    calibrated: bool
    context: tuple[str, ...] = ()


class UnseenNotes(_Strict):
    """An :class:`UnseenStage`."""

    kind: Literal["unseen"] = "unseen"
    below: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ClosureNotes(_Strict):
    """A :class:`ClosureStage` without its rules."""

    kind: Literal["closure"] = "closure"
    rules: int
    strength: Annotated[float, Field(gt=0, le=1)]


class ConsistencyNotes(_Strict):
    """A :class:`ConsistencyStage`."""

    kind: Literal["consistency"] = "consistency"
    rules: tuple[tuple[int, Annotated[tuple[int, ...], Field(min_length=1, max_length=LONGEST)]], ...]
    apart: tuple[tuple[int, int], ...]
    one_tail: tuple[int, ...]
    one_head: tuple[int, ...]
    theta: float

    @classmethod
    def of(cls, stage: ConsistencyStage) -> Self:
        """What there is to store of a stage."""
        return cls(rules=stage.rules, **stage.denials._asdict(), theta=stage.theta)

    def stage(self, checked: Checked, field: str) -> ConsistencyStage:
        """The stage again.

        Raises:
            InputError: a relation or an atom does not exist, or the threshold is not a number.
        """
        size = len(checked.schema.relations)
        relations = (*(r for r, _ in (*self.rules, *self.apart)), *self.one_tail, *self.one_head)
        atoms = (*(atom for _, body in self.rules for atom in body), *(atom for _, atom in self.apart))
        for numbers, limit in ((relations, size), (atoms, 2 * size)):
            if any(not 0 <= number < limit for number in numbers):
                raise checked.wrong(field, f"a number is not from 0 to {limit - 1}")
        if not math.isfinite(self.theta):
            raise checked.wrong(f"{field}.theta", "is not a number")
        denials = Denials(self.apart, self.one_tail, self.one_head)
        return ConsistencyStage(tuple(Rule(*rule) for rule in self.rules), denials, self.theta)


Notes = UnseenNotes | ExtractorNotes | ClosureNotes | ConsistencyNotes


class Origin(_Strict):
    """The metadata of a stored model: what it was fitted with, and what of it is not an array."""

    method: str
    seed: int
    settings: dict[str, Any]
    relations: tuple[str, ...]
    types: tuple[str, ...]
    rejects_unseen: bool
    theta: float
    dev_f1: Annotated[float, Field(ge=0, le=1)]
    kept: int
    rules: tuple[Bodies, ...]
    stages: Annotated[tuple[Annotated[Notes, Field(discriminator="kind")], ...], Field(min_length=1)]


def save(folder: Path, fitted: Fitted, *, method: str, seed: int, schema: Schema, settings: Mapping[str, Any]) -> None:
    """Write a fitted model's three files."""
    arrays: Named = {"triples": fitted.queries.triples}
    rule_sets: list[RuleSet] = []
    stages: list[Notes] = []
    for k, stage in enumerate(fitted.stages):
        if isinstance(stage, ConsistencyStage):
            stages.append(ConsistencyNotes.of(stage))
            continue
        if isinstance(stage, UnseenStage):
            stages.append(UnseenNotes(below=stage.below))
            continue
        # Stages of one fit share their rules; they are written once.
        number = next((i for i, known in enumerate(rule_sets) if known is stage.rules), len(rule_sets))
        if number == len(rule_sets):
            rule_sets.append(stage.rules)
            arrays |= named_rules(f"rules{number}", stage.rules)
        if isinstance(stage, ClosureStage):
            stages.append(ClosureNotes(rules=number, strength=stage.strength))
            continue
        names = stage.context.names if stage.context else ()
        stages.append(ExtractorNotes(rules=number, calibrated=stage.calibration is not None, context=names))
        arrays |= named_extractor(f"stage{k}", stage.extractor)
        if stage.calibration is not None:
            arrays |= named_calibration(f"stage{k}", stage.calibration)
        if stage.context is not None:
            arrays |= named_context(f"stage{k}", stage.context)
    origin = Origin(
        method=method,
        seed=seed,
        settings=dict(settings),
        relations=schema.relations,
        types=schema.types,
        rejects_unseen=fitted.rejects_unseen,
        theta=fitted.theta,
        dev_f1=fitted.dev_f1,
        kept=fitted.kept,
        rules=tuple(rules.bodies for rules in rule_sets),
        stages=tuple(stages),
    )
    arrays |= {GENERATOR + name: value for name, value in fitted.generator.items()}
    with atomic(folder / MODEL) as file:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            file,
            metadata={"logire": origin.model_dump_json()},
        )
    write_text(folder / RULES, fitted.table.to_csv(index=False, float_format="%.6g"))
    write_history(folder / HISTORY, fitted.history)


def write_history(file: Path, history: pd.DataFrame | Sequence[Mapping[str, float]]) -> None:
    """Write a history as CSV, atomically."""
    import pandas as pd

    write_text(file, pd.DataFrame(history).to_csv(index=False, float_format="%.9g"))


def load(folder: Path, *, method: str) -> tuple[Fitted, Origin]:
    """Read what :func:`save` wrote, every value checked.

    Raises:
        InputError: a file is missing, damaged or of an earlier version, or the model is another method's; the message
            names the file and what is wrong in it.
    """
    file = folder / MODEL
    if not file.exists():
        if (folder / FORMER).exists():
            raise InputError("was written by an earlier version", file=folder / FORMER, remedy=AGAIN)
        raise InputError("does not exist", file=file, remedy="fit a run first: logire fit --out RUN")
    text, arrays = read_arrays(file, "logire")
    origin = _origin(file, text)
    if origin.method != method:
        raise InputError(f"is a model of {origin.method!r}, not of {method!r}", file=file, field="metadata.method")
    checked = Checked(file, arrays, Schema(origin.relations, origin.types))
    queries = checked.query_types("triples")
    rule_sets = [checked.rules(f"rules{i}", bodies, len(queries)) for i, bodies in enumerate(origin.rules)]
    stages = tuple(_stage(k, notes, rule_sets, checked) for k, notes in enumerate(origin.stages))
    if not any(isinstance(stage, ExtractorStage) for stage in stages):
        raise checked.wrong("metadata.stages", "no stage is an extractor")
    if math.isnan(origin.theta):
        raise checked.wrong("metadata.theta", "is not a number")
    fitted = Fitted(
        queries=queries,
        stages=stages,
        rejects_unseen=origin.rejects_unseen,
        theta=origin.theta,
        dev_f1=origin.dev_f1,
        kept=origin.kept,
        read_table=partial(_table, folder / RULES),
        read_history=partial(_csv, folder / HISTORY),
        generator=checked.generator(GENERATOR),
    )
    header, rows = _checked_csv(folder / RULES)
    if header != COLUMNS:
        raise InputError(f"has not the columns {', '.join(COLUMNS)}", file=folder / RULES, remedy=AGAIN)
    if rows != len(fitted.last.rules):
        raise InputError(f"has {rows} rules, {MODEL} has {len(fitted.last.rules)}", file=folder / RULES, remedy=AGAIN)
    _checked_csv(folder / HISTORY)
    return fitted, origin


def _origin(file: Path, text: str) -> Origin:
    try:
        return Origin.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("metadata", *map(str, first["loc"])))
        raise InputError(first["msg"], file=file, field=where, remedy=AGAIN) from error


def _stage(k: int, notes: Notes, rule_sets: list[RuleSet], checked: Checked) -> Stage:
    if isinstance(notes, ConsistencyNotes):
        return notes.stage(checked, f"metadata.stages.{k}")
    if isinstance(notes, UnseenNotes):
        return UnseenStage(notes.below)
    if not 0 <= notes.rules < len(rule_sets):
        raise checked.wrong(f"metadata.stages.{k}.rules", f"rule set {notes.rules} does not exist")
    rules = rule_sets[notes.rules]
    if isinstance(notes, ClosureNotes):
        if any(max(body) == any_atom(len(checked.schema.relations)) for body in rules.bodies):
            raise checked.wrong(f"metadata.rules.{notes.rules}", "a closure cannot use open rules")
        return ClosureStage(rules, notes.strength)
    calibration = checked.calibration(f"stage{k}") if notes.calibrated else None
    context = checked.context(f"stage{k}", notes.context, len(rules.start) - 1) if notes.context else None
    return ExtractorStage(rules, checked.extractor(f"stage{k}", rules), calibration, context)


def _table(file: Path) -> pd.DataFrame:
    # A relation or an entity type may be called NA or None: a missing value stands in the last column alone.
    return _csv(file, keep_default_na=False, na_values={"confidence": [""]})


def _csv(file: Path, **options: Any) -> pd.DataFrame:
    import pandas as pd

    try:
        table: pd.DataFrame = pd.read_csv(file, **options)
    except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
        raise InputError(f"cannot be read ({error})", file=file, remedy=AGAIN) from error
    return table


def _checked_csv(file: Path) -> tuple[tuple[str, ...], int]:
    """The columns and the number of rows of a CSV file.

    Raises:
        InputError: it does not exist, or is no CSV file.
    """
    try:
        header, *rows = csv.reader(io.StringIO(read_text(file, remedy=AGAIN), newline=""), strict=True)
    except (ValueError, csv.Error) as error:  # an empty file has no header: a ValueError
        raise InputError(f"cannot be read ({error})", file=file, remedy=AGAIN) from error
    wrong = next((number for number, row in enumerate(rows, start=2) if len(row) != len(header)), None)
    if wrong is not None:
        raise InputError(f"row {wrong} has not {len(header)} fields", file=file, remedy=AGAIN)
    return tuple(header), len(rows)
