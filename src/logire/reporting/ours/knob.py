"""LogiRE+'s knob between F1 and logic, as the runs' records have it: ``closure`` and ``closure_length``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from logire.ground.errors import InputError
from logire.reporting.runs import Run
from logire.reporting.selection import UnavailableError
from logire.rules.plus.method import METHOD

LOGIRE_PLUS = METHOD.name
_KNOB = ("closure", "closure_length")


@dataclass(frozen=True)
class Knob:
    """A value of LogiRE+'s knob.

    Attributes:
        strengths: of the closure: one, or those that each run chose from on dev.
        length: longest body of a closing rule; None where the knob is off.
    """

    strengths: tuple[float, ...]
    length: int | None

    @property
    def off(self) -> bool:
        return self.strengths == (0.0,)

    @property
    def chosen(self) -> bool:
        """Whether the strength was chosen on dev."""
        return len(self.strengths) > 1

    def __str__(self) -> str:
        return "off" if self.off else "chosen" if self.chosen else f"{self.strengths[0]:g}"


def find_knobs(variants: Sequence[Sequence[Run]]) -> dict[str, Knob]:
    """LogiRE+ and its variants that differ from it in the knob alone, by name: off, each strength, chosen ones.

    Args:
        variants: the runs of LogiRE+, one sequence for each of its settings.

    Raises:
        UnavailableError: there are no runs with LogiRE+'s own settings.
        InputError: settings that are missing or differ between seeds, or one knob value under two names.
    """
    own = next((_settings(runs) for runs in variants if not runs[0].variant), None)
    if own is None:
        raise UnavailableError(
            f"no metrics of {METHOD.title} with its own settings are given",
            field="run.method",
            remedy=f"give the metrics of {LOGIRE_PLUS} runs that have no variant",
        )
    found: dict[Knob, Run] = {}
    for runs in variants:
        knob, rest = _settings(runs)
        if rest != own[1]:
            continue
        if knob in found:
            raise InputError(
                f"the same settings as {found[knob].name}",
                file=runs[0].record_file,
                field="settings.closure",
                remedy="give the runs of one knob value under one name",
            )
        found[knob] = runs[0]
    order = sorted(found, key=lambda knob: (knob.chosen, knob.strengths, knob.length or 0))
    return {found[knob].variant: knob for knob in order}


def _settings(runs: Sequence[Run]) -> tuple[Knob, dict[str, Any]]:
    """The knob and the other settings of a variant, the same for every seed."""
    first = _settings_of(runs[0])
    for run in runs:
        if _settings_of(run) != first:
            raise InputError(
                f"other settings than in {runs[0].name}, which is another seed of {run.title}",
                file=run.record_file,
                field="settings",
                remedy="fit all seeds of a variant with the same settings",
            )
    return first


def _settings_of(run: Run) -> tuple[Knob, dict[str, Any]]:
    settings = run.record.settings or {}
    for key in _KNOB:
        if key not in settings:
            raise InputError(
                "is missing",
                file=run.record_file,
                field=f"settings.{key}",
                remedy="give runs whose record is as `logire fit` wrote it",
            )
    strengths = tuple(sorted(float(strength) for strength in settings["closure"]))
    knob = Knob(strengths, None if strengths == (0.0,) else int(settings["closure_length"]))
    # Where the training logits come from is not a setting, yet a variant can differ in it.
    rest = {"settings": {key: value for key, value in settings.items() if key not in _KNOB}}
    return knob, rest | {"folds": len(run.record.out_of_fold)}
