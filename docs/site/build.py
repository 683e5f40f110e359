"""Build the documentation's site: ``python docs/site/build.py OUT``. It fails at the first warning.

The pages are those of ``docs/``, the commands as the command line knows them, the API from its docstrings, the figures
and Table 2 of ``reference``, and a page of explanations made on the embedded corpus on the spot.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sphinx.cmd.build import build_main

from logire.corpus.dump import write_dump
from logire.corpus.prepared import SPLITS, PreparedCorpus
from logire.corpus.sources.embedded import prepare_embedded

SITE = Path(__file__).parent
ROOT = SITE.parents[1]
REFERENCE = ROOT / "reference" / "dwie"
FIGURES = {
    "overview": ("Every backbone", "Test F1 alone and with rules, by seed and mean; the paper's hollow."),
    "figure4": ("Figure 4", "ATLOP alone and with rules, by the number of tokens between head and tail."),
    "distances": ("Gain by distance", "The gain over each backbone, by the same distance."),
    "frontier": (
        "F1 against logic",
        "What LogiRE+'s closure trades on the BiLSTM: F1 against the share of rules that hold.",
    ),
}
"""Figure of the reference -> its heading, and what it shows."""


def build(out: Path) -> int:
    """Write the site into ``out``.

    Returns:
        Sphinx's exit code: 0 if there was nothing to warn of.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        shutil.copytree(SITE, source, ignore=shutil.ignore_patterns("__pycache__", "build.py"))
        for page in sorted((ROOT / "docs").glob("*.md")):
            shutil.copy(page, source)
        shutil.copytree(ROOT / "docs" / "pictures", source / "pictures")
        shutil.copy(ROOT / "CHANGELOG.md", source / "changelog.md")
        _commands(source / "commands.md")
        _gallery(source)
        (source / "extra").mkdir()
        _explanations(Path(folder), source / "extra" / "explanations.html")
        return build_main(["-b", "html", "-W", "--keep-going", "-q", str(source), str(out)])


def _commands(page: Path) -> None:
    words = ["-m", "typer", "logire.cli.app", "utils", "docs", "--name", "logire", "--output", str(page)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=page.parent)


def _gallery(source: Path) -> None:
    """The reference's figures, and Table 2, on one page."""
    pictures = source / "pictures"
    parts = ["# Gallery", "Measured on real DWIE ([how](benchmarks.md)); `reference` has the numbers behind each."]
    for name, (title, text) in FIGURES.items():
        picture = REFERENCE / "figures" / f"{name}.png"
        shutil.copy(picture, pictures)
        parts += [f"## {title}", text, f"![{title}](pictures/{picture.name})"]
    parts += ["## Table 2", (REFERENCE / "tables" / "table2.md").read_text(encoding="utf-8")]
    (source / "gallery.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _explanations(folder: Path, page: Path) -> None:
    """Fit LogiRE+ on the embedded corpus with the logits of a made-up model that overlooks one fact in three."""
    prepare_embedded(folder / "documents", documents=(120, 20, 20))
    corpus = PreparedCorpus.open(folder / "documents")
    rng = np.random.default_rng(1)
    logits: dict[str, dict[str, np.ndarray]] = {split: {} for split in SPLITS}
    for split in SPLITS:
        for document in corpus.documents(split):
            facts = corpus.schema.labels(document)
            seen = facts & (rng.random(facts.shape) < 2 / 3)
            logits[split][document.title] = np.where(seen, 3.0, -5.0) + rng.normal(0, 1.5, facts.shape)
    write_dump(folder / "logits.safetensors", logits)
    given = ["--documents", str(folder / "documents"), "--logits", str(folder / "logits.safetensors")]
    for words in (
        ["fit", "--method", "logire_plus", *given, "--out", str(folder / "run")],
        ["predict", str(folder / "run")],
        ["browse", str(folder / "run"), "--out", str(page)],
    ):
        subprocess.run([sys.executable, "-m", "logire", *words], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
