"""The plug-in: LogiRE and LogiRE+ that fit on arrays, rows or files, and predict on documents that come later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from logire.constraints.declared import Constraints
from logire.constraints.run import Obeying
from logire.corpus.document import FloatArray, Schema
from logire.corpus.dump import ScoredDocument
from logire.corpus.dumpcheck import check_logits
from logire.corpus.predictions import Prediction
from logire.corpus.prepared import PreparedCorpus
from logire.ground.errors import InputError
from logire.ground.extras import extras
from logire.ground.runtime import derive_seed
from logire.ground.settings import settings_from
from logire.plugin.inputs import Example, examples, put_together, read_files, relations_of
from logire.plugin.repair import Repairing
from logire.rules.explain import Explanation
from logire.rules.methods import find
from logire.rules.model import RuleModel
from logire.rules.outoffold import read_out_of_fold

if TYPE_CHECKING:
    import pandas as pd

DEV_SHARE = 0.2
"""The share of the documents that choices are made on where no dev documents are given."""


class Estimator(Repairing):
    """A method that learns rules on a relation model's logits. Use :class:`LogiRE` or :class:`LogiREPlus`.

    Args:
        relations: the names of the relations in the order of the logits; numbers where left out.
        entity_types: every entity type that may come; by default those in the documents of the fit.
        seed: everything random is derived from it.
        device: where a rule generator is trained; ``auto`` takes a GPU if there is one.
        settings: settings of the method that differ from the defaults (``logire settings METHOD`` lists them).

    Raises:
        InputError: a setting does not exist or has a wrong value.
    """

    method: ClassVar[str]

    def __init__(
        self,
        relations: Sequence[str] | None = None,
        entity_types: Sequence[str] | None = None,
        *,
        seed: int = 1,
        device: str = "auto",
        **settings: Any,
    ) -> None:
        self.relations = None if relations is None else tuple(map(str, relations))
        self.entity_types = None if entity_types is None else tuple(map(str, entity_types))
        self.seed = seed
        self.device = device
        self.settings = settings_from(find(self.method).Settings, settings, where=self.method)
        self._model: RuleModel[Any] | None = None

    @property
    def model(self) -> RuleModel[Any]:
        """The fitted rule model.

        Raises:
            InputError: there is none yet.
        """
        if self._model is None:
            raise InputError("this model is not fitted", remedy="call fit() first, or load() a run")
        return self._model

    def fit(
        self,
        logits: Any,
        labels: Any = None,
        types: Any = None,
        *,
        dev: Any = None,
        names: Any = None,
        documents: str | Path | None = None,
        out_of_fold: Sequence[str | Path] = (),
    ) -> Self:
        """Learn rules on labelled documents. What is chosen (rules, penalty, threshold) is chosen on dev documents.

        Three forms::

            fit(logits, labels, types, dev=(logits, labels, types))   # arrays: one entry a document
            fit(rows, dev=rows)                                       # mappings, such as a datasets.Dataset
            fit("logits.safetensors", documents="documents/")         # files, as `logire fit` takes them

        Args:
            logits, labels, types, names: see :func:`logire.plugin.inputs.examples`. LogiRE+ wants logits of a model
                that has not seen the document in training.
            dev: labelled documents in the same form; by default a fifth of the given ones, drawn by the seed.
            documents: the folder of documents, where ``logits`` is a file.
            out_of_fold: files with the logits of the training documents, where ``logits`` is a file.

        Raises:
            InputError: a document is incomplete or wrong, these are probabilities and not logits, there is no labelled
                fact, or a library is missing.
        """
        if isinstance(logits, str | Path):
            train, kept, schema = self._read(logits, documents, out_of_fold)
        else:
            given = examples(logits, labels, types, names=names)
            others = dev if isinstance(dev, tuple) else (dev,)
            parts = self._divide(given) if dev is None else (given, examples(*others))
            schema = self._schema([*parts[0], *parts[1]])
            train, kept = (put_together(part, schema, self.relations) for part in parts)
        check_logits(kept, schema, "logits" if documents is None else str(logits))
        with extras():
            model = find(self.method).load()(schema, self.settings, seed=self.seed, device=self.device)
            self._model = model.fit(train, kept)
        self.relations, self.entity_types = schema.relations, schema.types
        return self

    def predict(
        self,
        logits: Any,
        types: Any = None,
        *,
        relations: Sequence[str] | None = None,
        titles: Any = None,
        names: Any = None,
        documents: str | Path | None = None,
        split: str = "test",
        constraints: str | Path | Constraints | None = None,
    ) -> list[Prediction]:
        """The facts whose score reaches the threshold, document by document, best first.

        Args:
            logits, types, titles, names: new documents, as for :meth:`fit`; nothing else of a corpus is needed.
            relations: the names of the relations in the order of these logits, where it is another one.
            documents, split: a folder of documents and the split to predict, where ``logits`` is a file.
            constraints: a file of constraints that the facts of each document obey, see ``docs/constraints.md``.

        Raises:
            InputError: the model is not fitted; the relations or types are not the model's; a shape is wrong.
        """
        obeying = None if constraints is None else Obeying.of(self.model, constraints)
        if isinstance(logits, str | Path):
            found, _ = read_files(logits, _folder(documents), split, self.model.schema)
        else:
            found = self._given(logits, types, relations, titles, names)
        return self.model.predict(found, decide=obeying)

    def scores(self, logits: Any, types: Any = None, *, relations: Sequence[str] | None = None) -> list[FloatArray]:
        """For each document (N, N, R) the model's scores, relations in the order of ``self.relations``."""
        return self.model.scores(self._given(logits, types, relations))

    def explain(
        self, logits: Any, types: Any, head: int, tail: int, relation: str | None = None, *, names: Any = None
    ) -> list[Explanation]:
        """Why the relations of (head, tail) in one document got their scores.

        Args:
            logits, types, names: of one document.
            relation: the one to explain; by default every predicted one.
        """
        [document] = self._given([logits], [types], names=None if names is None else [names])
        return self.model.explain(document, head, tail, relation)

    def rules(self, relation: str | None = None) -> pd.DataFrame:
        """The learnt rules, of one relation or all; columns as in :data:`logire.rules.ruletable.COLUMNS`."""
        return self.model.rules(relation)

    @property
    def threshold(self) -> float:
        """The score from which a fact is predicted, chosen on dev."""
        return self.model.fitted.theta

    def save(self, folder: str | Path) -> None:
        """Write the fitted model into a folder: ``model.safetensors``, ``rules.csv``, ``history.csv``."""
        self.model.save(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what :meth:`save` or ``logire fit`` wrote.

        Raises:
            InputError: a file is missing or damaged, or belongs to another method.
        """
        model = find(cls.method).load().load(folder)
        loaded = cls(model.schema.relations, model.schema.types, seed=model.seed)
        loaded.settings, loaded._model = model.settings, model
        return loaded

    def _given(
        self, logits: Any, types: Any, relations: Sequence[str] | None = None, titles: Any = None, names: Any = None
    ) -> list[ScoredDocument]:
        """Arrays or rows as the methods of ``self.model`` take them; arguments as of :meth:`predict`."""
        found = examples(logits, None, types, titles=titles, names=names)
        return put_together(found, self.model.schema, relations)

    def _read(
        self, logits: str | Path, documents: str | Path | None, out_of_fold: Sequence[str | Path]
    ) -> tuple[list[ScoredDocument], list[ScoredDocument], Schema]:
        folder = _folder(documents)
        dev, schema = read_files(logits, folder, "dev")
        if out_of_fold:
            train = read_out_of_fold([Path(file) for file in out_of_fold], PreparedCorpus.open(folder))
        else:
            train, _ = read_files(logits, folder, "train")
        return train, dev, schema

    def _divide(self, given: list[Example]) -> tuple[list[Example], list[Example]]:
        kept = round(DEV_SHARE * len(given))
        if not kept:
            raise InputError(
                f"{len(given)} documents are too few to keep some for choices", field="dev", remedy="give more, or dev"
            )
        order = np.random.default_rng(derive_seed(self.seed, "dev")).permutation(len(given))
        dev = set(order[:kept].tolist())
        return [e for i, e in enumerate(given) if i not in dev], [given[i] for i in sorted(dev)]

    def _schema(self, given: list[Example]) -> Schema:
        types = self.entity_types or tuple(sorted({kind for example in given for kind in example.types}))
        return Schema(self.relations or relations_of(given), types)


def _folder(documents: str | Path | None) -> str | Path:
    if documents is None:
        raise InputError("is missing", field="documents", remedy="name the folder that `logire prepare` wrote")
    return documents


class LogiRE(Estimator):
    """LogiRE (Ru et al., EMNLP 2021); trains a rule generator, so it needs torch: ``pip install 'logire[torch]'``."""

    method = "logire"


class LogiREPlus(Estimator):
    """LogiRE+: mined rules, an extractor beside the backbone's own logit, all choices on dev; needs no torch.

    Example::

        model = LogiREPlus(relations=["born_in", "citizen_of"]).fit(logits, labels, types)
        for fact in model.predict(new_logits, new_types):
            print(fact.title, fact.head, fact.relation, fact.tail, fact.score)
    """

    method = "logire_plus"
