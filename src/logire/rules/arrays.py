"""Rules and extractors as named arrays, and back: no index, shape or number is taken over unchecked.

A damaged file must not reach a kernel, which reads and writes wherever an index points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from logire.corpus.document import IntArray, Schema
from logire.ground.errors import InputError
from logire.ground.files import check_file
from logire.rules.context import FEATURES, Context
from logire.rules.extractor import Extractor
from logire.rules.queries import Body, QueryTypes, RuleSet, any_atom
from logire.rules.stages import Calibration

AGAIN = "fit the run again"
GENERATOR = "generator/"

Named = dict[str, npt.NDArray[Any]]

_RULES = {"start": np.int64, "counts": np.int64, "log_prior": np.float64}
_EXTRACTOR = ("bias", "weights", "residual")
_CALIBRATION = ("scale", "shift")


def named_rules(name: str, rules: RuleSet) -> Named:
    """The arrays of a rule set; its bodies are not among them."""
    return {f"{name}/{key}": getattr(rules, key) for key in _RULES}


def named_extractor(name: str, extractor: Extractor) -> Named:
    """The arrays of an extractor."""
    return {f"{name}/{key}": getattr(extractor, key) for key in _EXTRACTOR}


def named_context(name: str, context: Context) -> Named:
    """The weights of context features; their names are not among them."""
    return {f"{name}/context": context.weights}


def named_calibration(name: str, calibration: Calibration) -> Named:
    """The arrays of a calibration."""
    return {f"{name}/{key}": getattr(calibration, key) for key in _CALIBRATION}


def read_arrays(file: Path, entry: str) -> tuple[str, Named]:
    """One entry of a safetensors file's metadata, and its arrays.

    Raises:
        InputError: the file cannot be read, is damaged, or has no such entry.
    """
    check_file(file, remedy=AGAIN)
    try:
        with safe_open(file, framework="numpy") as opened:
            text = (opened.metadata() or {}).get(entry)
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InputError(f"is damaged ({error})", file=file, remedy=AGAIN) from error
    if text is None:
        raise InputError("is not a fitted rule model", file=file, remedy="give a folder that `logire fit` wrote")
    return text, arrays


@dataclass(frozen=True)
class Checked:
    """The arrays of a file, checked as they are taken out.

    Attributes:
        file: for the messages.
        arrays: by name.
        schema: that of the model.
    """

    file: Path
    arrays: Named
    schema: Schema

    def wrong(self, field: str, message: str) -> InputError:
        """What to raise where a field is wrong."""
        return InputError(message, file=self.file, field=field, remedy=AGAIN)

    def array(self, name: str, dtype: type[Any], *shape: int) -> npt.NDArray[Any]:
        """An array of this type and shape, all of it finite; -1 stands for any length.

        Raises:
            InputError: it is missing, or not so.
        """
        if name not in self.arrays:
            raise self.wrong(name, "is missing")
        array = self.arrays[name]
        wanted = [n if want < 0 else want for want, n in zip(shape, array.shape, strict=False)]
        if array.dtype != dtype or list(array.shape) != wanted:
            expected = " x ".join("any" if n < 0 else str(n) for n in shape)
            found = f"{array.dtype} of shape {list(array.shape)}"
            raise self.wrong(name, f"is {found}, but {np.dtype(dtype)} of shape [{expected}] is expected")
        if not np.isfinite(array).all():
            raise self.wrong(name, "has values that are not finite")
        return array

    def query_types(self, name: str) -> QueryTypes:
        """Query types from their (Q, 3) triples.

        Raises:
            InputError: there is none, one occurs twice, or one is not within the schema.
        """
        triples: IntArray = self.array(name, np.int64, -1, 3)
        limits = [len(self.schema.relations), len(self.schema.types), len(self.schema.types)]
        if len(triples) == 0 or (triples < 0).any() or (triples >= np.array(limits)).any():
            raise self.wrong(name, f"there is no query type, or one is not within {limits}")
        if len(np.unique(triples, axis=0)) != len(triples):
            raise self.wrong(name, "a query type occurs twice")
        return QueryTypes.from_triples(triples, self.schema)

    def rules(self, name: str, bodies: tuple[Body, ...], queries: int) -> RuleSet:
        """A rule set of these bodies over ``queries`` query types.

        Raises:
            InputError: an array does not fit the bodies, or a body has an atom that the schema does not have.
        """
        lengths = {"start": queries + 1, "counts": len(bodies), "log_prior": len(bodies)}
        start, counts, log_prior = (self.array(f"{name}/{key}", _RULES[key], n) for key, n in lengths.items())
        if start[0] != 0 or start[-1] != len(bodies) or (np.diff(start) < 0).any():
            raise self.wrong(f"{name}/start", f"does not run from 0 up to the {len(bodies)} rules")
        highest = any_atom(len(self.schema.relations))
        for body in bodies:
            if not body or min(body) < 0 or max(body) > highest:
                raise self.wrong(name, f"the body {list(body)} is empty or has an atom that is not in 0 to {highest}")
        return RuleSet(start, bodies, counts, log_prior)

    def extractor(self, name: str, rules: RuleSet) -> Extractor:
        """An extractor of these rules.

        Raises:
            InputError: an array does not fit the rules.
        """
        queries = len(rules.start) - 1
        lengths = {"bias": queries, "weights": len(rules), "residual": queries}
        return Extractor(*(self.array(f"{name}/{key}", np.float64, lengths[key]) for key in _EXTRACTOR))

    def calibration(self, name: str) -> Calibration:
        """A calibration of every relation's logits.

        Raises:
            InputError: an array does not fit the relations.
        """
        return Calibration(
            *(self.array(f"{name}/{key}", np.float64, len(self.schema.relations)) for key in _CALIBRATION)
        )

    def context(self, name: str, features: tuple[str, ...], queries: int) -> Context:
        """Weights of these context features for ``queries`` query types.

        Raises:
            InputError: there is no such feature, one occurs twice, or the array does not fit.
        """
        wrong = next((f for k, f in enumerate(features) if f not in FEATURES or f in features[:k]), None)
        if wrong is not None:
            raise self.wrong("metadata.stages", f"the context feature {wrong!r} does not exist or occurs twice")
        return Context(features, self.array(f"{name}/context", np.float64, queries, len(features)))

    def generator(self, prefix: str) -> Named:
        """The parameters of a rule generator; empty where there is none.

        Raises:
            InputError: one is not finite.
        """
        found = {n.removeprefix(prefix): array for n, array in self.arrays.items() if n.startswith(prefix)}
        for name, array in found.items():
            if not np.isfinite(array).all():
                raise self.wrong(prefix + name, "has values that are not finite")
        return found
