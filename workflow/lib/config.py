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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from logire.ground.errors import InputError
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
        names = self.given.get("datasets", [own] if own else self.default["datasets"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
            raise InputError("a list of datasets was expected", file=self._file(("datasets",)), field="datasets")
        self.names: list[str] = list(dict.fromkeys(names))
        self.datasets = [self[name] for name in self.names]

    def __getitem__(self, name: str) -> Dataset:
        """The dataset of this name, checked.

        Raises:
            InputError: there are no params for it, or they are wrong.
        """
        if name not in self._datasets:
            if not isinstance(name, str) or not re.fullmatch(NAME, name):
                raise InputError(
                    f"{name!r} is not a dataset's name", field="dataset", remedy="use letters, digits, _ and -"
                )
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
        if like is not None and (like in seen or like == name):
            raise InputError(f"{name} would be like itself", file=file, field="like", remedy="break the circle")
        values = self.default if like is None else self._values(like, (*seen, name))
        values = laid_over(values, own)
        if for_it:
            values = laid_over(values, self.given)
        return {key: value for key, value in values.items() if key not in ABOUT_FILES}

    def _wrong(self, name: str, error: ValidationError) -> InputError:
        first = error.errors()[0]
        path = tuple(part for part in first["loc"] if not _is_of_pydantic(part))
        if first["type"] == "extra_forbidden":
            problem, remedy = "there is no such key", _known(path)
        elif first["type"] == "missing":
            problem, remedy = "is missing", f"add it to {self.folder / f'{name}.yaml'}"
        else:
            problem, remedy = f"{first['msg']} (given: {first['input']!r})", None
        field = ".".join(map(str, path))
        return InputError(f"dataset {name}: {problem}", file=self._file(path, name), field=field, remedy=remedy)

    def _file(self, path: KeyPath, name: str | None = None) -> str | None:
        """The uppermost file that has the key, and its line; the nearest key above where none has it."""
        below = [self.folder / f"{name}.yaml"] if name else []
        for end in range(len(path), 0, -1):
            for file in reversed(list(self.files)):
                if line := line_of(file, path[:end]):
                    return f"{file}, line {line}"
            if _find(self.given, path[:end]):
                return "--config"
            for file in (*below, self.folder / "default.yaml"):
                if line := line_of(file, path[:end]):
                    return f"{file}, line {line}"
        return None


def _is_of_pydantic(part: str | int) -> bool:
    """Whether a part of an error's place names a branch of a union instead of a key."""
    return isinstance(part, str) and not re.match(r"^[A-Za-z0-9_-]+$", part)


def _known(path: KeyPath) -> str:
    """The keys that may stand where an unknown one was found."""
    kind: Any = params_class()
    for part in path[:-1]:
        field = kind.model_fields.get(part) if hasattr(kind, "model_fields") else None
        kind = next((k for k in _kinds(field.annotation) if hasattr(k, "model_fields")), None) if field else None
    return f"one of {', '.join(kind.model_fields)}" if kind is not None else "remove it"


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inside in getattr(annotation, "__args__", ()):
        yield from _kinds(inside)


def _find(values: Any, path: KeyPath) -> bool:
    """Whether there is a value at ``path``."""
    for part in path:
        inside_list = isinstance(part, int) and isinstance(values, list) and part < len(values)
        if not inside_list and not (isinstance(values, Mapping) and part in values):
            return False
        values = values[part]
    return True
