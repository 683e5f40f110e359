"""Digests of code: what a job depends on beside its files, computed from imports and never listed by hand.

A rule names the command it calls (``logire.cli.train``, ``train``) and the module that the command picks by name (a
backbone, a corpus source, a method, an exhibit). The job depends on that function, on the functions and constants of
its module that it uses, and on every module that these import, directly or not. A module counts by its syntax tree:
comments, docstrings, layout, and the texts of settings and options (``description=``, ``help=``) make no difference.
A data file of the package counts with each module that names it.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

TEXTS = {"Field": "description", "Option": "help", "Argument": "help"}
"""Calls whose keyword of this name is a text for readers."""
NAMELESS = ""
"""The name of the statements that define none."""
DATA = (".json", ".txt", ".csv", ".js", ".css", ".html", ".yaml")
"""The endings of the package's data files."""


class Part(msgspec.Struct, frozen=True):
    """A module, or what stands behind one name of it.

    Attributes:
        digest: of its syntax tree.
        imports: modules of the package that it imports, and what it might import: ``from a import b`` names a.b too.
        uses: names of its module that it refers to.
        texts: its string constants that may name a data file.
    """

    digest: str
    imports: tuple[str, ...]
    uses: tuple[str, ...]
    texts: tuple[str, ...]


class Entry(NamedTuple):
    """The function that a command line calls."""

    module: str
    function: str


class Code:
    """The code of a package.

    Args:
        folder: the package's folder.
        cache: a file that keeps what was read of each module, by its bytes; parsing them all takes half a second.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self.cache = cache
        self._digests: dict[tuple[Entry, tuple[str, ...]], str] = {}
        self._by_name: dict[str, dict[str, Part]] = {}

    def digest(self, entry: Entry, *plugins: str) -> str:
        """The digest of all that a command depends on; ``plugins`` are modules that it imports by name."""
        key = (entry, plugins)
        if key not in self._digests:
            function, modules = self._reached(entry, plugins)
            found = {name: self.modules[name].digest for name in modules}
            found |= {f"{entry.module}:{name}": part.digest for name, part in function.items()}
            parts = [*function.values(), *(self.modules[name] for name in modules)]
            found |= {file: self.data[file] for file in self._data_files(parts)}
            self._digests[key] = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
        return self._digests[key]

    def closure(self, entry: Entry, *plugins: str) -> frozenset[str]:
        """The modules that count as a whole for a command: all but the command's own."""
        return frozenset(self._reached(entry, plugins)[1])

    def data_files(self, entry: Entry, *plugins: str) -> frozenset[str]:
        """The data files that count for a command, by their paths below the package's folder."""
        function, modules = self._reached(entry, plugins)
        return frozenset(self._data_files([*function.values(), *(self.modules[name] for name in modules)]))

    def _reached(self, entry: Entry, plugins: Sequence[str]) -> tuple[dict[str, Part], list[str]]:
        """The names of the command's own module that it uses, and the modules behind it."""
        names = self._names(entry.module)
        used: dict[str, Part] = {}
        waiting = [entry.function, NAMELESS]
        while waiting:
            name = waiting.pop()
            if name in names and name not in used:
                used[name] = names[name]
                waiting += names[name].uses
        wanted = [name for part in used.values() for name in part.imports]
        return used, sorted(self._follow([*wanted, *plugins]) - {entry.module})

    def _names(self, module: str) -> dict[str, Part]:
        """What a module defines, name by name."""
        if module not in self._by_name:
            file = self.folder.joinpath(*module.split(".")[1:]).with_suffix(".py")
            self._by_name[module] = read_names(file.read_bytes(), self.folder.name)
        return self._by_name[module]

    def _follow(self, names: Iterable[str]) -> set[str]:
        """Modules with all that they import, and the packages they lie in."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.modules:
                continue
            found.add(name)
            waiting += self.modules[name].imports
            waiting.append(name.rpartition(".")[0])
        return found

    def _data_files(self, parts: Iterable[Part]) -> Iterator[str]:
        texts = {text for part in parts for text in part.texts}
        for file in self.data:
            if any(file.rpartition("/")[2].endswith(text) for text in texts):
                yield file

    @cached_property
    def modules(self) -> dict[str, Part]:
        """Every module of the package by its name."""
        known = self._cached()
        found, fresh = {}, {}
        for file in sorted(self.folder.rglob("*.py")):
            source = file.read_bytes()
            name = ".".join((self.folder.name, *file.relative_to(self.folder).with_suffix("").parts))
            name = name.removesuffix(".__init__")
            key = hashlib.sha256(name.encode() + b"\0" + source).hexdigest()
            fresh[key] = known.get(key) or read_module(source, self.folder.name)
            found[name] = fresh[key]
        if self.cache is not None and fresh.keys() != known.keys():
            self._keep(fresh)
        return found

    @cached_property
    def data(self) -> dict[str, str]:
        """The digest of every data file, by its path below the package's folder."""
        files = (f for f in sorted(self.folder.rglob("*")) if f.suffix in DATA and f.is_file())
        return {f.relative_to(self.folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    def _cached(self) -> dict[str, Part]:
        try:
            content = self.cache.read_bytes() if self.cache else b"{}"
            return msgspec.json.decode(content, type=dict[str, Part])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}  # none yet, or not ours: read anew

    def _keep(self, modules: dict[str, Part]) -> None:
        assert self.cache is not None
        temporary = self.cache.with_name(f".{self.cache.name}.{hash(tuple(modules)) & 0xFFFFFF:x}.part")
        try:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(modules))
            temporary.replace(self.cache)
        except OSError:
            pass  # a cache that cannot be written costs half a second, no more


def read_module(source: bytes, package: str) -> Part:
    """A module as a whole; only imports from ``package`` count."""
    return _part(_bare(source).body, package)


def read_names(source: bytes, package: str) -> dict[str, Part]:
    """A module name by name; what stands at its top level without a name is :data:`NAMELESS`."""
    names: dict[str, list[ast.stmt]] = {NAMELESS: []}
    for statement in _bare(source).body:
        for name in list(_defined(statement)) or [NAMELESS]:
            names.setdefault(name, []).append(statement)
    return {name: _part(statements, package) for name, statements in names.items()}


def _bare(source: bytes) -> ast.Module:
    tree = ast.parse(source)
    _Bare().visit(tree)
    return tree


class _Bare(ast.NodeTransformer):
    """Removes what makes no difference to what a module does: docstrings, texts for readers, imports for types."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        node.keywords = [k for k in node.keywords if k.arg != TEXTS.get(called, "")]
        return node

    def visit_If(self, node: ast.If) -> ast.If | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return None
        self.generic_visit(node)
        return node


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement defines; of an import, the names it brings."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)


def _part(statements: list[ast.stmt], package: str) -> Part:
    dumped = "\n".join(ast.dump(statement) for statement in statements)
    nodes = [node for statement in statements for node in ast.walk(statement)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return Part(
        digest=hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        imports=tuple(sorted(set(_imported(nodes, package)))),
        uses=tuple(sorted({node.id for node in nodes if isinstance(node, ast.Name)})),
        texts=tuple(sorted(text for text in texts if text.endswith(DATA) and len(text) > max(map(len, DATA)))),
    )


def _imported(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(f"{package}."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
