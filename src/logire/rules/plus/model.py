"""LogiRE+ as a plug-in: the same interface as LogiRE, made not to hurt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch

from logire.corpus.dump import ScoredDocument
from logire.ground.runtime import pick_device
from logire.rules.base import Closing, RuleModel, check_splits
from logire.rules.em import History, Report, ignore, silent
from logire.rules.learnt import Learnt
from logire.rules.plus.closure import Closure, choose_closure
from logire.rules.plus.rounds import Round, fit_round
from logire.rules.plus.settings import LogiREPlusSettings
from logire.rules.plus.sources import find_rules
from logire.rules.queries import QueryTypes
from logire.rules.ruleset import RuleSet
from logire.rules.ruletable import rule_table


class LogiREPlus(RuleModel[LogiREPlusSettings]):
    """LogiRE+: closed and open rules, a convex extractor beside the backbone's own logit, all choices made on dev.

    Give ``fit`` training logits that no backbone gave on its own training documents (cross-fitting): on in-sample
    ones it learns to trust atoms that will not be there at test time.

    Example::

        train = read_out_of_fold(["fold1.safetensors", "fold2.safetensors", "fold3.safetensors"], corpus)
        dev, test = (read_dump("logits.safetensors", corpus, split) for split in ("dev", "test"))
        model = LogiREPlus(corpus.schema, seed=1).fit(train, dev)
        predictions = model.predict(test)
    """

    name = "logire_plus"
    Settings = LogiREPlusSettings

    _earlier: tuple[Round, ...] = ()
    _last: Round | None = None
    _closure: Closure | None = None

    @property
    def rejects_unseen(self) -> bool:
        return False

    def fit(
        self,
        train: Sequence[ScoredDocument],
        dev: Sequence[ScoredDocument],
        *,
        checkpoint: Path | None = None,
        report: Report = silent,
        log: Callable[[History], None] = ignore,
    ) -> Self:
        """Fit the rounds on ``train``, best with out-of-fold logits; penalty, blend and threshold come from ``dev``.

        Args:
            checkpoint: not used, a fit takes seconds.
            report, log: told of each round as it starts; given the choices tried so far after each.

        Raises:
            InputError: a split is empty, no training fact is labelled, or gold rules without a readable file.
        """
        del checkpoint
        check_splits(train, dev)
        settings = self.settings
        queries = self._queries = QueryTypes.of(train, self.schema)
        steps = settings.rounds + 1
        report("finding rules", 0, steps)
        rules = find_rules(train, self.schema, queries, settings, seed=self.seed, device=pick_device(self.device))
        rounds: list[Round] = []
        history: History = []
        seen, seen_dev = list(train), list(dev)
        for number in range(1, settings.rounds + 1):
            report("round", number, steps)
            found = fit_round(seen, seen_dev, rules, queries, settings)
            rounds.append(found.round)
            seen, seen_dev = found.train, found.dev
            history += [{"round": number, **row} for row in found.tried]
            log(history)
        self._earlier, self._last = tuple(rounds[:-1]), rounds[-1]
        self._closure, chosen, tried = choose_closure(train, seen_dev, queries, settings)
        history += [{"round": settings.rounds + 1, **row} for row in tried]
        log(history)
        self._learnt = Learnt(
            settings.rounds, {}, rules, rounds[-1].extractor, found.posterior, chosen.theta, chosen.f1
        )
        self.history = pd.DataFrame(history)
        self._table = rule_table(self._learnt, queries, self.schema, train)
        report("round", steps, steps)
        return self

    @property
    def chosen(self) -> list[dict[str, float]]:
        """The penalty and the blend of every round."""
        return [{"l2": found.l2, "blend": found.blend, "dev_f1": found.dev_f1} for found in self._rounds]

    def entering(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        seen = list(documents)
        for found in self._earlier:
            seen = found.apply(seen, self.queries)
        return seen

    def atoms(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        return self._fitted(self._last).calibrated(documents)

    def leaving(self, documents: Sequence[ScoredDocument]) -> list[ScoredDocument]:
        return list(documents) if self._closure is None else self._closure.apply(documents, self.queries)

    def closing(self, extracted: ScoredDocument) -> Closing:
        return super().closing(extracted) if self._closure is None else self._closure.closing(extracted, self.queries)

    @property
    def closure(self) -> float:
        """The strength of the closure, 0 where there is none."""
        return 0.0 if self._closure is None else self._closure.strength

    @property
    def _rounds(self) -> list[Round]:
        return [*self._earlier, self._fitted(self._last)]

    def more_tensors(self) -> dict[str, torch.Tensor]:
        found: dict[str, np.ndarray[Any, Any]] = {}
        for k, item in enumerate(self._rounds):
            arrays = {"bias": item.extractor.bias, "weights": item.extractor.weights}
            arrays |= {"residual": item.extractor.residual, "scale": item.scale, "shift": item.shift}
            found |= {f"round{k}/{name}": array for name, array in arrays.items()}
        if self._closure is not None:
            found["closure/start"] = self._closure.rules.start
        return {name: torch.from_numpy(np.array(array)) for name, array in found.items()}

    def more_notes(self) -> dict[str, Any]:
        rounds = [
            {"l2": item.l2, "blend": item.blend, "theta": item.theta, "dev_f1": item.dev_f1} for item in self._rounds
        ]
        closure = None if self._closure is None else {"strength": self.closure, "bodies": self._closure.rules.bodies}
        return {"rounds": rounds, "closure": closure}

    def take_up(self, tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> None:
        array = {name: tensor.numpy() for name, tensor in tensors.items()}
        rules = self.learnt.rules
        rounds = []
        for k, note in enumerate(notes["rounds"]):
            part = {name.partition("/")[2]: value for name, value in array.items() if name.startswith(f"round{k}/")}
            extractor = type(self.learnt.extractor)(part["bias"], part["weights"], part["residual"])
            rounds.append(Round(rules, extractor, part["scale"], part["shift"], **note))
        self._earlier, self._last = tuple(rounds[:-1]), rounds[-1]
        if notes["closure"] is not None:
            bodies = tuple(tuple(body) for body in notes["closure"]["bodies"])
            nothing = np.zeros(len(bodies))
            rules = RuleSet(array["closure/start"], bodies, nothing.astype(np.int64), nothing)
            self._closure = Closure(notes["closure"]["strength"], rules)
