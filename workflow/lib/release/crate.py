"""``ro-crate-metadata.json``: what a release holds and which run made what, as a Process Run Crate.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile https://w3id.org/ro/wfrun/process/0.5: each run, table
and figure is a ``CreateAction`` with its inputs and results. Runs are folders here; ``SHA256SUMS`` lists each file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from logire.ground.digests import relative_path
from logire.ground.records import RunRecord
from logire.reporting.exhibits import SOURCES
from logire.reporting.names import Names
from logire.reporting.sources import read_sources
from workflow.lib.release.contents import RUNS, Results

METADATA = "ro-crate-metadata.json"
SPECIFICATION, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
LICENSE = "https://spdx.org/licenses/MIT"
DEVELOPERS = "#developers"
FORMATS = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".tex": "application/x-tex",
    ".yml": "application/yaml",
}

Entity = dict[str, Any]


def crate(
    out: Path, results: Sequence[Results], *, version: str, date: str, about: Mapping[str, Any], top: Sequence[str]
) -> Entity:
    """The metadata of the release in ``out``.

    Args:
        date: when it was published, ISO 8601.
        about: what CITATION.cff says.
        top: the files and folders (with a slash) at the top of the release, the metadata left out.
    """
    parts: list[Entity] = []
    actions: list[Entity] = []
    for name in top:
        if name.endswith("/"):
            parts.append(_folder(name.removesuffix("/"), "The measured numbers that the repository keeps"))
        else:
            parts.append(_file(out, name))
    for of in results:
        described = _Described(of, out)
        parts += described.parts()
        actions += described.actions()
    versions = sorted({action["instrument"]["@id"] for action in actions})
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"logire {version}: results",
        "description": "Predictions, rules, compact logits, metrics, tables and figures of LogiRE and LogiRE+ for "
        f"document-level relation extraction, on {_joined([of.name for of in results])}; README.md says what is what.",
        "datePublished": date,
        "version": version,
        "license": {"@id": LICENSE},
        "author": {"@id": DEVELOPERS},
        "publisher": {"@id": DEVELOPERS},
        "conformsTo": {"@id": PROFILE},
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": [{"@id": action["@id"]} for action in actions],
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": SPECIFICATION},
        "about": {"@id": "./"},
    }
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    licence = {
        "@id": LICENSE,
        "@type": "CreativeWork",
        "name": "MIT License",
        "description": "Free to use, copy, change and pass on, with the copyright notice.",
    }
    developers = {
        "@id": DEVELOPERS,
        "@type": "Organization",
        "name": about["authors"][0]["name"],
        **({"url": about["repository-code"]} if "repository-code" in about else {}),
    }
    software = [
        {
            "@id": name,
            "@type": "SoftwareApplication",
            "name": "logire",
            "softwareVersion": name.removeprefix("#logire-"),
            **({"url": about["repository-code"]} if "repository-code" in about else {}),
        }
        for name in versions
    ]
    graph = [descriptor, root, profile, licence, developers, *software, *parts, *actions]
    return {"@context": f"{SPECIFICATION}/context", "@graph": graph}


class _Described:
    """The entities of one corpus's results."""

    def __init__(self, results: Results, out: Path) -> None:
        self.results = results
        self.out = out
        self.files = [path.as_posix() for path in results.copied() if path.parts[0] not in (RUNS, "corpus")]
        self.has_corpus = (out / results.place / "corpus").is_dir()

    def parts(self) -> Iterator[Entity]:
        """Its folders and files."""
        place = self.results.place
        if self.has_corpus:
            whole = "the documents and their statistics" if self.results.synthetic else "statistics, no documents"
            yield _folder(f"{place}/corpus", f"The corpus {self.results.name}: {whole}")
        for name, record in self.results.runs.items():
            yield _folder(f"{place}/{RUNS}/{name}", f"Run {name} on {self.results.name}: {_title(record)}")
        for file in self.files:
            yield _file(self.out, f"{place}/{file}")

    def actions(self) -> Iterator[Entity]:
        """What made the runs, then the tables and figures."""
        place = self.results.place
        for name, record in self.results.runs.items():
            commit, cpu = record.git.get("commit"), record.hardware.get("gpu") or record.hardware.get("cpu")
            yield _action(
                f"{place}/{RUNS}/{name}",
                f"{_title(record)}, on {self.results.name}",
                f"Commit {commit}, settings {record.params_digest}, {record.wall_seconds} seconds on {cpu}.",
                record.versions.get("logire") or "unknown",
                [*self._corpus(), *(f"{place}/{RUNS}/{other}" for other in self._read_runs(name, record))],
                [_id(f"{place}/{RUNS}/{name}", folder=True)],
            )
        for path in self.results.lists_of_sources():
            listed = read_sources(self.out / place / path)
            stem = path.as_posix().removesuffix(f".{SOURCES}")
            made = [file for file in self.files if file.startswith(f"{stem}.")]
            folders = {str(PurePosixPath(stem).parent / PurePosixPath(row["file"]).parent) for row in listed.sources}
            read = sorted({relative_path(self.out / place / folder, self.out) for folder in folders})
            yield _action(
                f"{place}/{stem}",
                f"Make {stem} of {self.results.name}",
                f"From {len(listed.sources)} files, listed in {path.name} with their SHA-256.",
                self._version(),
                [folder for folder in read if (self.out / folder).is_dir()],
                [_id(f"{place}/{file}") for file in made],
            )

    def _corpus(self) -> list[str]:
        return [f"{self.results.place}/corpus"] if self.has_corpus else []

    def _read_runs(self, name: str, record: RunRecord) -> Iterator[str]:
        """The runs whose logits a run has read, where the release has them."""
        read = [record.logits, *(dump.file for dump in record.out_of_fold)]
        for file in filter(None, read):
            other = relative_path(Path("/", name, file).parent, Path("/"))
            if other in self.results.runs:
                yield other

    def _version(self) -> str:
        """The version that made the last run: tables come after it."""
        return list(self.results.runs.values())[-1].versions.get("logire") or "unknown"


def _title(record: RunRecord) -> str:
    """``BiLSTM + LogiRE, variant newton, seed 1``."""
    fold = f", without fold {record.fold} of {record.folds}" if record.fold is not None else ""
    method = "backbone" if record.method == "fold" else str(record.method)
    variant = f", variant {record.variant}" if record.variant else ""
    return f"{Names.of(str(record.backbone), method).label}{variant}{fold}, seed {record.seed}"


def _action(name: str, title: str, text: str, version: str, read: Sequence[str], made: Sequence[str]) -> Entity:
    return {
        "@id": f"#{quote(name)}",
        "@type": "CreateAction",
        "name": title,
        "description": text,
        "instrument": {"@id": f"#logire-{version}"},
        "agent": {"@id": DEVELOPERS},
        **_listed("object", [_id(folder, folder=True) for folder in read]),
        **_listed("result", made),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _listed(key: str, names: Sequence[str]) -> Entity:
    """References to entities: RO-Crate 1.1 asks for no list around a single one."""
    found = [{"@id": name} for name in names]
    return {key: found if len(found) > 1 else found[0]} if found else {}


def _folder(place: str, text: str) -> Entity:
    return {"@id": _id(place, folder=True), "@type": "Dataset", "name": place, "description": text}


def _file(out: Path, place: str) -> Entity:
    """A file; of one that is written after the metadata, no size."""
    file = out / place
    return {
        "@id": _id(place),
        "@type": "File",
        "name": place,
        "encodingFormat": FORMATS.get(file.suffix, "text/plain"),
        **({"contentSize": str(file.stat().st_size)} if file.is_file() else {}),
    }


def _id(place: str, *, folder: bool = False) -> str:
    return quote(place) + ("/" if folder else "")


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
