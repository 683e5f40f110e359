"""Training on shards, and the logits of shards: one of them is in memory at a time.

For :mod:`logire.scale` the logits must be out of fold, as :mod:`logire.backbones.training.crossfit` says. With K folds:
train K backbones, backbone k without every K-th shard from the k-th on; infer with each into one folder, which gives
the logits of the shards that it has not seen; fit on that folder. A backbone trained on all shards gives the logits of
dev and of new documents.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from logire.backbones.base import Backbone
from logire.backbones.registry import find
from logire.backbones.training.inference import infer_logits
from logire.backbones.training.run import SCORED, Training, load_backbone
from logire.corpus import compact
from logire.corpus.dump import scored
from logire.corpus.folds import Fold
from logire.corpus.prepared import PreparedCorpus
from logire.corpus.runfolder import MODEL, recorded
from logire.corpus.shardcorpus import ShardCorpus, of_fold, same_schema
from logire.corpus.shards import INDEX, Entry, Shards, remove_others, write_index, write_shard
from logire.ground.digests import content_digest, file_digest, relative_path
from logire.ground.errors import InputError
from logire.ground.files import write_json
from logire.ground.records import RunRecord
from logire.ground.typed import read_typed

log = logging.getLogger(__name__)

MADE = "made"
"""The folder beside inferred shards with a file for each: what it was made by."""


def train_on_shards(
    shards: Shards,
    documents: Path,
    name: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    seed: int,
    leave_out: Fold | None = None,
    device: str = "auto",
    progress: bool = True,
    overwrite: bool = False,
) -> None:
    """Train a backbone that reads words on shards and write its run folder, with the logits of dev and test.

    The folder is that of :func:`~logire.backbones.training.run.train_backbone`. A killed run resumes from
    ``out/checkpoints``. An epoch draws the order of the shards and shuffles the documents of each; with one shard
    everything is as it is with the documents in memory.

    Args:
        shards: the training documents, with or without logits.
        documents: a prepared folder: its dev documents choose the epoch and the threshold.
        leave_out: train without the shards of this fold, on which :func:`infer_shards` then gives the logits.

    Raises:
        InputError: as for ``train_backbone``; the backbone does not read words, or the shards have another schema.
    """
    spec = find(name)
    if spec.family != "words":
        remedy = "train one that reads words, such as bilstm, or train it on a part of the documents in memory"
        raise InputError(f"{name} is not trained on shards", field="backbone", remedy=remedy)
    corpus = ShardCorpus.of(shards, PreparedCorpus.open(documents), leave_out)
    fold = {"fold": leave_out.number, "folds": leave_out.of} if leave_out else None
    training = Training.start(
        corpus,
        spec,
        settings,
        Path(out),
        seed=seed,
        device=device,
        fold=fold,
        chosen={"shards": shards.digest},
        more={"shards": relative_path(shards.path, Path(out)), "shards_digest": shards.digest},
    )
    training.write(*training.fit(progress=progress, overwrite=overwrite), SCORED)


class Maker(Struct, frozen=True):
    """What makes the logits of shards.

    Attributes:
        family: digest of what the runs of all folds share.
        fold: the fold that the run left out; None where it left out none.
        model: SHA-256 of its weights.
    """

    family: str
    fold: int | None
    model: str

    @classmethod
    def of(cls, record: RunRecord, *, full: bool) -> Maker:
        fields = ("backbone", "settings", "seed", "folds")
        family = content_digest({name: getattr(record, name) for name in fields} | {"full": full})
        return cls(family, record.fold, record.files[MODEL])

    def goes_with(self, other: Maker) -> bool:
        """Whether one folder may hold shards of both."""
        return self == other or (self.family == other.family and self.fold != other.fold)


class Made(Struct, frozen=True):
    """An inferred shard: its files, the digest of the documents it was made from, and by what."""

    entry: Entry
    source: str
    maker: Maker


def infer_shards(
    run: Path,
    shards: Shards,
    out: Path,
    *,
    part: Callable[[int], Sequence[int]] = range,
    full: bool = False,
    device: str = "auto",
    report: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> list[int]:
    """Write ``shards`` with a backbone's logits to ``out``; of a run that left shards of this folder out, those alone.

    The folder is known by its index. Of one with other shards, all get logits, and nobody checks whether the run has
    seen their documents.

    A shard whose files are there is not made again, so a killed call goes on, and calls for several parts or folds
    fill one folder. The one that makes the last shard writes ``shards.json``: without it the folder is not read.

    Args:
        part: which places to infer, given the number of shards that there are to infer.
        full: keep logits in single precision instead of the compact form.

    Returns:
        The numbers of the shards that are still missing, for other parts or folds to make.

    Raises:
        InputError: the run or a shard is broken, ``out`` is the folder of the shards, or the logits are not finite.
    """
    run, out = Path(run), Path(out)
    if out.resolve() == shards.path.resolve():
        raise InputError("holds the shards that are read", file=out, field="--out", remedy="choose another folder")
    record = RunRecord.read(run, remedy="give a folder that `logire scale train` or `logire train` wrote")
    _check_schema(run, record, shards)
    model = load_backbone(run, shards.schema, device=device)
    maker = Maker.of(record, full=full)
    numbers = _numbers(record, shards)
    chosen = [numbers[place] for place in part(len(numbers))]
    for done, number in enumerate(chosen):
        report("shard", done, len(chosen))
        made = _made(out, shards, number)
        if made is None or made.maker != maker:
            (out / INDEX).unlink(missing_ok=True)
            _infer(model, maker, shards, number, out, floor=None if full else compact.FLOOR)
    return _finish(shards, out, maker)


def _numbers(record: RunRecord, shards: Shards) -> Sequence[int]:
    """The shards that a run gives the logits of: those that it left out, or all."""
    every = range(len(shards))
    if getattr(record, "shards_digest", None) != shards.digest:
        return every
    if record.fold is not None and record.folds is not None:
        return of_fold(len(shards), Fold(record.fold, record.folds, 0))
    log.warning("the backbone was trained on these shards: do not fit rules on their logits, but on out-of-fold ones")
    return every


def _check_schema(run: Path, record: RunRecord, shards: Shards) -> None:
    """See that the relations are those that the run was trained on, where its documents are still there."""
    folder = recorded(run, "documents", record.documents)
    if folder.is_dir():
        same_schema(shards, PreparedCorpus.open(folder))


def _infer(model: Backbone[Any], maker: Maker, shards: Shards, number: int, out: Path, *, floor: float | None) -> None:
    documents = shards.texts(number)
    found = infer_logits(model, documents)
    # The compact form would hide what is wrong: it has no infinity.
    logits = [scored(d, found.pop(d.title), shards.schema, file=shards.path).logits for d in documents]
    entry = write_shard(out, number, documents, logits, floor)
    made = Made(entry, shards.entries[number].texts, maker)
    write_json(out / MADE / f"{entry.name}.json", to_builtins(made))


def _made(out: Path, shards: Shards, number: int) -> Made | None:
    """What was made of a shard before; None where its files are not there any more, or it was another shard."""
    file = out / MADE / f"{number:05d}.json"
    try:
        made = read_typed(file, Made)
        for name, digest in (("json", made.entry.texts), ("safetensors", made.entry.logits)):
            if file_digest(out / f"{made.entry.name}.{name}") != digest:
                return None
    except InputError:
        return None
    return made if made.source == shards.entries[number].texts else None


def _finish(shards: Shards, out: Path, maker: Maker) -> list[int]:
    """Write the index if every shard is there; the numbers of those that are not."""
    found = {number: _made(out, shards, number) for number in range(len(shards))}
    fitting = {n: made for n, made in found.items() if made and made.maker.goes_with(maker)}
    models = {made.maker for made in fitting.values()}
    folds = Counter(model.fold for model in models)  # a fold with two models is in the middle of being made anew
    entries = {n: made.entry for n, made in fitting.items() if folds[made.maker.fold] == 1}
    if missing := [number for number in found if number not in entries]:
        return missing
    write_index(out, shards.schema, list(entries.values()))
    remove_others(out, entries.values())
    return []
