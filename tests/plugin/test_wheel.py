"""The light installation: the wheel in an empty environment, and the README's section on one's own model in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## LogiRE on your own relation model")[2].partition("\n## ")[0]
PYTHONS = ("3.11", "3.12", "3.13")
MOST_MIB = 700
HEAVY = ("torch", "transformers", "spacy", "matplotlib")


def run(*words: str | Path, **options: object) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's wheel, built from a copy of the tracked files."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(
            source,
            folder / name,
            **({"ignore": shutil.ignore_patterns("*.egg-info", "__pycache__")} if source.is_dir() else {}),
        )
    try:
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist", folder)
    except AssertionError as error:
        if "No matching distribution" in str(error) or "Connection" in str(error):
            pytest.skip("setuptools cannot be downloaded to build the wheel")
        raise
    [found] = (folder / "dist").iterdir()
    return found


def interpreter(version: str) -> str:
    """A Python of this version that works."""
    found = shutil.which(f"python{version}")
    candidates = [found] if found else []
    candidates += [str(p) for p in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in candidates:
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip(f"Python {version} is not installed here")


@pytest.fixture(scope="module", params=PYTHONS)
def environment(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that holds the wheel and what it needs, nothing else."""
    folder = tmp_path_factory.mktemp(f"python{request.param}")
    run(interpreter(request.param), "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "--quiet", wheel)
    return folder / "bin"


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder outside the clone with 30 made-up documents and a model's logits, called as the README calls them."""
    rng = np.random.default_rng(1)
    relations, logits, number = ("child_of", "royalty_of"), {}, 1234 - 25
    (tmp_path / "my_corpus").mkdir()
    for split, count in (("train", 20), ("dev", 5), ("test", 5)):
        records = []
        for _ in range(count):
            n, title, number = int(rng.integers(4, 8)), f"DW_{number}", number + 1
            facts = [(h, "child_of", t) for h in range(n) for t in range(n) if h != t and rng.random() < 0.2]
            facts += [(h, "royalty_of", t) for h, _, t in facts if rng.random() < 0.8]
            labels = np.zeros((n, n, 2), dtype=np.float32)
            for h, r, t in facts:
                labels[h, t, relations.index(r)] = 1
            known = labels * np.array([7.0, 2.0]) - 4
            logits[f"{split}/{title}/logits"] = (known + rng.normal(0, 1.5, labels.shape)).astype(np.float32)
            mentions = [[{"name": f"w{i}", "sent_id": 0, "pos": [i, i + 1], "type": "PER"}] for i in range(n)]
            labelled = [{"h": h, "t": t, "r": r, "evidence": []} for h, r, t in facts]
            sentences = [[f"w{i}" for i in range(n)]]
            records.append({"title": title, "sents": sentences, "vertexSet": mentions, "labels": labelled})
        (tmp_path / "my_corpus" / f"{split}.json").write_text(json.dumps(records))
    save_file(logits, tmp_path / "logits.safetensors")
    return tmp_path


@pytest.mark.long
def test_the_readmes_section_runs_in_a_light_installation(environment: Path, workplace: Path) -> None:
    installed = json.loads(run(environment / "pip", "list", "--format", "json"))
    assert not {package["name"].lower() for package in installed} & set(HEAVY)
    size = sum(
        file.stat().st_size for file in environment.parent.rglob("*") if file.is_file() and not file.is_symlink()
    )
    assert size < MOST_MIB * 2**20
    clean = {"PATH": f"{environment}:/usr/bin:/bin", "HOME": os.environ["HOME"], "TMPDIR": str(workplace)}
    blocks = re.findall(r"```(sh|python)\n(.*?)```", SECTION, re.DOTALL)
    shell = next(text for kind, text in blocks if kind == "sh" and "logire prepare" in text)
    output = run("bash", "-ec", shell, cwd=workplace, env=clean)
    assert "royalty_of <- child_of" in output
    assert "F1" in output
    for text in (text for kind, text in blocks if kind == "python"):
        setup = workplace / "example.py"
        setup.write_text(text)
        run(environment / "python", setup, cwd=workplace, env=clean)


@pytest.mark.long
def test_what_needs_an_extra_says_so(environment: Path, workplace: Path) -> None:
    clean = {"PATH": f"{environment}:/usr/bin:/bin", "HOME": os.environ["HOME"]}
    run("bash", "-ec", "logire prepare docred --raw my_corpus/ --out documents/", cwd=workplace, env=clean)
    given = ["--documents", "documents", "--out", "run"]
    for extra, words in (
        ("torch", ["fit", "--method", "logire", "--logits", "logits.safetensors", *given]),
        ("torch", ["train", "bilstm", *given]),
        ("dwie", ["fetch", "dwie", "--out", "raw"]),
        ("report", ["report", ROOT / "reference" / "dwie", "--only", "table2", "--out", "tables"]),
    ):
        done = subprocess.run(
            [environment / "logire", *words], cwd=workplace, env=clean, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"  what to do: pip install 'logire[{extra}]'")
