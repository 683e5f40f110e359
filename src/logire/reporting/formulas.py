"""Rules as formulas to read: ``event_in2⁻¹(h, z) ∧ in0(z, t) → in0(h, t)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logire.corpus.gold import INVERSE


def formula(head: str, body: Sequence[str], name: Callable[[str], str] = str) -> str:
    """``head <- body`` as an implication between h and t, the way the paper prints rules (Tables 4 and 5).

    Args:
        body: relation names, an inverse atom marked by a leading ``~``.
        name: what to print for a relation.
    """
    between = ["z"] if len(body) == 2 else [f"z{i}" for i in range(1, len(body))]
    entities = ["h", *between, "t"]
    atoms = []
    for i, atom in enumerate(body):
        inverse = "⁻¹" if atom.startswith(INVERSE) else ""
        atoms.append(f"{name(atom.removeprefix(INVERSE))}{inverse}({entities[i]}, {entities[i + 1]})")
    return f"{' ∧ '.join(atoms)} → {name(head)}(h, t)"
