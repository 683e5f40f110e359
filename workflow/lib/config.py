"""From params files to datasets: which file is laid over which, and which file a wrong key stands in.

The params of a dataset are those of ``params/default.yaml``, then of ``params/<dataset>.yaml``, then what the call
gives (``--configfile``, ``--config``). Two keys are about the files themselves: ``dataset`` says whose params a file
holds (a call's file without it is laid over every dataset), ``like`` names a dataset whose params come in between.
``datasets`` is what is made when nothing is asked for by its path.

A file without ``dataset`` in the folder of params is a preset, such as ``params/authors.yaml``: not a dataset, but laid
over any, by a call or as ``like`` of a variant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from logire.ground.errors import InputError
from logire.ground.settings import complaint, shortened
from workflow.lib.datasets import Dataset
from workflow.lib.params import NAME, laid_over, params_class
from workflow.lib.reading import KeyPath, line_of, read_params

ABOUT_FILES = ("dataset", "datasets", "like")


class Config:
    """The datasets of one Snakemake call.

    Args:
        given: what the call gives, ``--configfile`` and ``--config`` together.
        files: the files of ``--configfile``, to name them in messages.
        folder: the folder of params files.

    Raises:
        InputError: a file cannot be read, or a dataset that is made by default has wrong params; the message names
            the file and the key.
    """

    def __init__(self, given: Mapping[str, Any], files: Sequence[Path] = (), folder: Path = Path("params")) -> None:
        self.folder = folder
        self.given = dict(given)
        self.files = {Path(file): read_params(Path(file)) for file in files}
        self.default = read_params(folder / "default.yaml")
        self._datasets: dict[str, Dataset] = {}
        own = self.given.get("dataset")
        if own is not None:
            self._check_name(own, ("dataset",))
        names = self.given.get("datasets", self.default["datasets"] if own is None else [own])
        if not isinstance(names, list) or not names:
            raise InputError(
                f"a list of datasets was expected (given: {shortened(names)})",
                file=self._file(("datasets",)),
                field="datasets",
                remedy="write [embedded, dwie], or leave the key out",
            )
        for i, name in enumerate(names):
            self._check_name(name, ("datasets", i))
        self.names: list[str] = list(dict.fromkeys(names))
        self.datasets = [self[name] for name in self.names]

    def __getitem__(self, name: str) -> Dataset:
        """The dataset of this name, checked.

        Raises:
            InputError: there are no params for it, or they are wrong.
        """
        if name not in self._datasets:
            self._check_name(name, ("dataset",))
            values = self._values(name, ())
            try:
                params = params_class()(**values)
                self._datasets[name] = Dataset(name, params)
            except ValidationError as error:
                raise self._wrong(name, error) from error
            except InputError as error:
                path = tuple((error.field or "").split("."))
                raise InputError(
                    f"dataset {name}: {error.problem}",
                    file=error.file or self._file(path, name),
                    field=error.field,
                    remedy=error.remedy,
                ) from error
        return self._datasets[name]

    def _values(self, name: str, seen: tuple[str, ...]) -> dict[str, Any]:
        """The params of a dataset, laid over each other."""
        file = self.folder / f"{name}.yaml"
        for_it = self.given.get("dataset") in (None, name)
        if not file.exists() and self.given.get("dataset") != name:
            known = sorted(f.stem for f in self.folder.glob("*.yaml") if line_of(f, ("dataset",)))
            raise InputError(
                f"there are no params for the dataset {name}", file=file, remedy=f"write it, or use {', '.join(known)}"
            )
        own = read_params(file) if file.exists() else {}
        if file.exists() and "dataset" not in own:
            raise InputError(
                "has no key `dataset`: it is laid over datasets and is not one itself",
                file=file,
                field="dataset",
                remedy=f"lay it over one, as in --configfile params/dwie.yaml {file}, or add `dataset: {name}` to it",
            )
        if own.get("dataset", name) != name:
            raise InputError(
                f"is named after {name} but is about {own['dataset']}",
                file=file,
                field="dataset",
                remedy=f"rename the file to {own['dataset']}.yaml, or correct the key",
            )
        like = self.given.get("like", own.get("like")) if for_it else own.get("like")
        if like is not None:
            self._check_name(like, ("like",), name)
            if like in seen or like == name:
                where = self._file(("like",), name)
                raise InputError(f"{name} would be like itself", file=where, field="like", remedy="break the circle")
        values = self.default if like is None else self._values(like, (*seen, name))
        values = laid_over(values, own)
        if for_it:
            values = laid_over(values, self.given)
        return {key: value for key, value in values.items() if key not in ABOUT_FILES}

    def _check_name(self, name: Any, path: KeyPath, dataset: str | None = None) -> None:
        """Refuse what is not a dataset's name; ``path`` is the key that names it, in the params of ``dataset``."""
        if not isinstance(name, str) or not re.fullmatch(NAME, name):
            raise InputError(
                f"{shortened(name)} is not a dataset's name",
                file=self._file(path, dataset),
                field=".".join(map(str, path)),
                remedy="use letters, digits, _ and -, at most 100",
            )

    def _wrong(self, name: str, error: ValidationError) -> InputError:
        path, problem, remedy = complaint(params_class(), error, "key")
        field = ".".join(map(str, path))
        return InputError(f"dataset {name}: {problem}", file=self._file(path, name), field=field, remedy=remedy)

    def _file(self, path: KeyPath, name: str | None = None) -> str | None:
        """The uppermost file that has the key, and its line; the nearest key above where none has it.

        The defaults come last: they are right by themselves, so another file has asked for what is wrong.
        """
        below, default = [self.folder / f"{name}.yaml"] if name else [], self.folder / "default.yaml"
        for end in range(len(path), 0, -1):
            for file in reversed(list(self.files)):
                if line := line_of(file, path[:end]):
                    return f"{file}, line {line}"
            if _find(self.given, path[:end]):
                return "--config"
            for file in below:
                if line := line_of(file, path[:end]):
                    return f"{file}, line {line}"
        line = line_of(default, path)
        return f"{default}, line {line}" if line else None


def _find(values: Any, path: KeyPath) -> bool:
    """Whether there is a value at ``path``."""
    for part in path:
        inside_list = isinstance(part, int) and isinstance(values, list) and part < len(values)
        if not inside_list and not (isinstance(values, Mapping) and part in values):
            return False
        values = values[part]
    return True
