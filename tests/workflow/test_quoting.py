"""Nothing that a user names reaches a shell unquoted: paths, settings and names may hold any character."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = [ROOT / "Snakefile", ROOT / "workflow" / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]
SHELL = re.compile(r'^ +shell:\n((?: +"[^\n]*"\n)+)', re.M)
FIELD = re.compile(r"\{([^{}]*)\}")


def test_every_field_of_every_shell_command_is_quoted() -> None:
    commands = [command for file in RULES for command in SHELL.findall(file.read_text())]
    directives = sum(file.read_text().count("shell:") for file in RULES)
    assert len(commands) == directives > 5, "every shell directive is a block of plain strings, which this test reads"
    fields = [field for command in commands for field in FIELD.findall(command)]
    assert len(fields) > 30
    assert [field for field in fields if not field.endswith(":q")] == []
    assert all(command.count("{") == len(FIELD.findall(command)) for command in commands)


def test_rules_run_nothing_but_shell_commands() -> None:
    for file in RULES:
        assert not re.search(r"^ +(run|script|notebook|wrapper):", file.read_text(), re.M), file.name


@pytest.mark.parametrize("folder", ["src", "workflow", "benchmarks", "reference"])
def test_no_program_hands_a_text_to_a_shell(folder: str) -> None:
    for file in (ROOT / folder).rglob("*.py"):
        found = re.search(r"shell=True|os\.system|os\.popen|getoutput", file.read_text(encoding="utf-8"))
        assert found is None, f"{file}: {found}"
