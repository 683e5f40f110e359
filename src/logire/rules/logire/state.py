"""A point between two EM iterations, and its form on disk, from which a run that was cut off goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from logire.corpus.document import Schema
from logire.ground.digests import content_digest
from logire.ground.errors import InputError
from logire.ground.files import atomic
from logire.rules.arrays import GENERATOR, Checked, Named, named_extractor, named_rules, read_arrays
from logire.rules.extractor import Extractor
from logire.rules.mining import RuleTable
from logire.rules.queries import QueryTypes, RuleSet


@dataclass(frozen=True)
class Iteration:
    """One EM iteration: the generator's parameters, z, the extractor, the posterior over z, the dev threshold.

    Attributes:
        theta: the threshold with the best dev F1, and ``dev_f1`` that F1 (0 to 1).
    """

    number: int
    generator: Mapping[str, npt.NDArray[Any]]
    rules: RuleSet
    extractor: Extractor
    posterior: npt.NDArray[np.float64]
    theta: float
    dev_f1: float

    def arrays(self, name: str) -> Named:
        """Its arrays and the generator's parameters, their names below ``name``."""
        arrays = named_rules(name, self.rules) | named_extractor(name, self.extractor)
        arrays[f"{name}/posterior"] = self.posterior
        arrays |= {f"{name}/{GENERATOR}{key}": value for key, value in self.generator.items()}
        return {key: np.ascontiguousarray(array) for key, array in arrays.items()}

    def notes(self) -> dict[str, Any]:
        """Everything else as JSON."""
        return {"bodies": self.rules.bodies, "number": self.number, "theta": self.theta, "dev_f1": self.dev_f1}

    @classmethod
    def of(cls, name: str, checked: Checked, notes: Mapping[str, Any], queries: QueryTypes) -> Iteration:
        """The inverse of :meth:`arrays` and :meth:`notes`."""
        rules = checked.rules(name, tuple(tuple(body) for body in notes["bodies"]), len(queries))
        return cls(
            number=notes["number"],
            generator=checked.generator(f"{name}/{GENERATOR}"),
            rules=rules,
            extractor=checked.extractor(name, rules),
            posterior=checked.array(f"{name}/posterior", np.float64, len(rules)),
            theta=notes["theta"],
            dev_f1=notes["dev_f1"],
        )


@dataclass
class EMState:
    """A point between two EM iterations: the last and the best of them, the history, the generator's target."""

    last: Iteration
    best: Iteration
    history: list[dict[str, float]]
    table: RuleTable

    def save(self, path: Path, key: str) -> None:
        """Write the state atomically; ``key`` says which run it belongs to."""
        notes = {
            "key": key,
            "last": self.last.notes(),
            "best": self.best.notes(),
            "history": self.history,
            "table": [list(rules.items()) for rules in self.table],
        }
        arrays = self.last.arrays("last") | self.best.arrays("best")
        with atomic(path) as temporary:
            save_file(arrays, temporary, metadata={"state": json.dumps(notes | {"digest": _digest(notes, arrays)})})

    @classmethod
    def load(cls, path: Path, key: str, schema: Schema, queries: QueryTypes) -> EMState | None:
        """Read a state; None where there is none, or where it is damaged or belongs to another run."""
        if not path.exists():
            return None
        try:
            text, arrays = read_arrays(path, "state")
            notes = json.loads(text)
            # States of earlier versions have no digest.
            if notes["key"] != key or notes.pop("digest", None) not in (None, _digest(notes, arrays)):
                return None
            checked = Checked(path, arrays, schema)
            last, best = (Iteration.of(name, checked, notes[name], queries) for name in ("last", "best"))
            table = [{tuple(body): weight for body, weight in rules} for rules in notes["table"]]
        except (InputError, ValueError, KeyError, TypeError):
            return None
        return cls(last, best, notes["history"], table)


def _digest(notes: Mapping[str, Any], arrays: Named) -> str:
    """Of everything in a state: a value that has changed on disk may look as good as any."""
    values = {name: sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    return content_digest([notes, values])
