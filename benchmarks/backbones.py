"""Measures the backbones' speed and memory in training and inference, and how they grow; prints Markdown tables.

    python benchmarks/backbones.py                            # made-up documents of DWIE's size
    python benchmarks/backbones.py --documents data/dwie      # a prepared corpus
    python benchmarks/backbones.py --backbones bilstm atlop --threads 2 --growth
    python benchmarks/backbones.py --bilinear                 # the factored pair classifier against pair by pair
    python benchmarks/backbones.py --epochs params/dwie.yaml --documents data/dwie  # CPU seconds of an epoch

A fresh process measures each row, so that peak memory belongs to that row alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml

from logire.backbones.base import Backbone
from logire.backbones.registry import backbones, find
from logire.backbones.training.batches import make_batches
from logire.backbones.training.inference import infer_encoded
from logire.backbones.training.loop import make_optimizer
from logire.backbones.transformers.pretrained import layers_path
from logire.backbones.transformers.windows import cut
from logire.backbones.words.bilinear import PairBilinear
from logire.backbones.words.tensors import distance_buckets
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.prepared import PreparedCorpus, write_prepared
from logire.ground.runtime import pick_device, seed_torch
from logire.ground.settings import settings_from

DWIE_TOKENS, DWIE_ENTITIES = 620, 27
SCHEMA = Schema(tuple(f"relation-{i}" for i in range(65)), tuple(f"type-{i}" for i in range(10)))


class Speed(NamedTuple):
    """Documents and tokens per second of one kind of work."""

    documents: float
    tokens: float


class Row(NamedTuple):
    """What one process measured; memory is its peak resident size in MiB, including libraries."""

    training: Speed
    inference: Speed
    memory: float


def made_up(number: int, tokens: int, entities: int) -> list[Document]:
    """Documents of ``tokens`` words and ``entities`` entities, with two mentions and about one fact for each entity."""
    generator = np.random.default_rng(0)
    documents = []
    for i in range(number):
        words = tuple(f"word{k}" for k in generator.zipf(1.3, size=tokens) % 5000)
        members = []
        for e in range(entities):
            starts = generator.integers(tokens - 2, size=2)
            kind = SCHEMA.types[e % len(SCHEMA.types)]
            members.append(Entity(tuple(Mention(f"{i}-{e}", 0, int(s), int(s) + 2, kind) for s in starts)))
        pairs = generator.integers(entities, size=(entities, 2))
        relations = generator.integers(len(SCHEMA.relations), size=entities)
        facts = tuple(
            Fact(int(h), SCHEMA.relations[int(r)], int(t)) for (h, t), r in zip(pairs, relations, strict=True) if h != t
        )
        documents.append(Document(f"{tokens}-{entities}-{i}", (words,), tuple(members), facts))
    return documents


def made_up_corpus(folder: Path, tokens: int, entities: int) -> Path:
    """A prepared corpus of 16 such documents in each split."""
    documents = made_up(16, tokens, entities)
    write_prepared(folder, dict.fromkeys(("train", "dev", "test"), documents), SCHEMA, name="made-up", synthetic=True)
    return folder


def measure(folder: Path, name: str, settings: dict[str, Any], device: str, threads: int, limit: int) -> Row:
    """Train and infer with one backbone for at least a few seconds each."""
    torch.set_num_threads(threads)
    corpus = PreparedCorpus.open(folder)
    spec = find(name)
    seed_torch(0)
    model = spec.load().build(settings_from(spec.Settings, settings, where=name), corpus).to(pick_device(device))
    chosen_documents = corpus.train[:limit]
    words = float(np.mean([len(d.tokens) for d in chosen_documents]))
    documents = [model.encode(d) for d in chosen_documents]
    optimizer = make_optimizer(model)

    def train(batch: Sequence[Any]) -> None:
        model.train()
        model.loss(model(batch), batch).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    rates = [_rate(work, model, documents) for work in (train, lambda batch: infer_encoded(model, batch))]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if model.device.type == "cuda":
        memory = torch.cuda.max_memory_allocated() / 2**20
    training, inference = (Speed(rate, rate * words) for rate in rates)
    return Row(training, inference, memory)


def _rate(work: Callable[[Sequence[Any]], object], model: Backbone[Any], documents: Sequence[Any]) -> float:
    batches = make_batches([d.length for d in documents], model.settings.batch_size, 0)
    work([documents[i] for i in batches[0]])
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < 5.0:
        for indices in batches:
            work([documents[i] for i in indices])
            done += len(indices)
    return done / (time.perf_counter() - started)


def print_row(context: Any, label: str, *arguments: Any) -> None:
    """Measure in a fresh process and print one row of the table."""
    with context.Pool(1) as pool:
        row = pool.apply(measure, arguments)
    print(
        f"| {label} | {row.training.documents:.1f} | {row.training.tokens:,.0f} "
        f"| {row.inference.documents:.1f} | {row.inference.tokens:,.0f} | {row.memory:,.0f} |",
        flush=True,
    )


class Epoch(NamedTuple):
    """CPU seconds of one thread: training on all documents, scoring dev, and the learning layers' products alone."""

    training: float
    dev: float
    floor: float


def measure_epoch(folder: Path, name: str, settings: dict[str, Any], limit: int) -> Epoch:
    """Measure on ``limit`` training documents, with what is frozen already read, and scale to the corpus."""
    torch.set_num_threads(1)
    corpus = PreparedCorpus.open(folder)
    spec = find(name)
    seed_torch(0)
    model = spec.load().build(settings_from(spec.Settings, settings, where=name), corpus)
    train, dev = ([model.encode(d) for d in documents[:limit]] for documents in (corpus.train, corpus.dev))
    optimizer = make_optimizer(model)
    infer_encoded(model, [*train, *dev])
    model.train()
    spent = []
    for number in range(2):  # the first makes the optimiser's moments
        started = time.process_time()
        for indices in make_batches([d.length for d in train], model.settings.batch_size, number):
            batch = [train[i] for i in indices]
            model.loss(model(batch), batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
        spent.append(time.process_time() - started)
    started = time.process_time()
    infer_encoded(model, dev)
    scale = len(corpus.train) / len(train)
    dev_seconds = (time.process_time() - started) * len(corpus.dev) / len(dev)
    return Epoch(spent[-1] * scale, dev_seconds, _floor(model, train) * scale)


def _floor(model: Backbone[Any], documents: Sequence[Any]) -> float:
    """Seconds of the matrix products in the layers of a transformer that learn, at this core's rate for them."""
    encoder = getattr(model, "encoder", None)
    if encoder is None:
        return 0.0
    subwords = sum(end - start for d in documents for start, end in cut(d.length, encoder.size, encoder.overlap))
    layers = encoder.encoder.get_submodule(layers_path(encoder.encoder))
    learning = [p for p in layers.parameters() if p.requires_grad and p.dim() == 2]
    products = 6 * subwords * sum(p.numel() for p in learning)  # forward, and backward to states and to weights
    number = torch.bfloat16 if encoder.bf16 else torch.float32
    a, b = (torch.randn(size, dtype=number) for size in ((1024, 384), (1536, 384)))
    torch.nn.functional.linear(a, b)
    started, done = time.process_time(), 0
    while time.process_time() - started < 1.0:
        torch.nn.functional.linear(a, b)
        done += 1
    rate = done * 2 * 1024 * 384 * 1536 / (time.process_time() - started)
    return products / rate


def print_epochs(context: Any, folder: Path, params: Path, names: Sequence[str], limit: int) -> None:
    """The table of epochs, with the settings of a params file."""
    settings = yaml.safe_load(params.read_text())["backbones"]
    print("\n| backbone | training (s) | dev (s) | floor (s) | share of the floor |\n|---|---:|---:|---:|---:|")
    for name in names:
        if name in settings:
            with context.Pool(1) as pool:
                row = pool.apply(measure_epoch, (folder, name, settings[name], limit))
            floor = f"{row.floor:.0f} | {row.floor / row.training:.0%}" if row.floor else "|"
            print(f"| {name} | {row.training:.1f} | {row.dev:.1f} | {floor} |", flush=True)


def print_header(first: str) -> None:
    """Print the head of a table."""
    columns = ["documents/s", "tokens/s", "documents/s, inference", "tokens/s, inference", "peak memory (MiB)"]
    print(f"\n| {' | '.join([first, *columns])} |")
    print(f"|---{'|---:' * len(columns)}|")


def print_bilinear() -> None:
    """Forward and backward of the pair classifier (d = 128, distance 20, R = 65), factored and pair by pair."""
    torch.set_num_threads(1)
    print("\n| entities | pair by pair (ms) | factored (ms) | faster by |\n|---:|---:|---:|---:|")
    for n in (15, 30, 60):
        entities = torch.randn(n, 128, requires_grad=True)
        buckets = torch.from_numpy(distance_buckets(np.random.default_rng(0).integers(0, 2000, n)))
        factored, plain = PairBilinear(128, 20, 65, bias=0.0), torch.nn.Bilinear(148, 148, 65)
        slow = _milliseconds(partial(_pair_by_pair, plain, factored.distance.weight, entities, buckets))
        fast = _milliseconds(partial(_factored, factored, entities, buckets))
        print(f"| {n} | {slow:.1f} | {fast:.1f} | {slow / fast:.0f} |", flush=True)


def _factored(factored: PairBilinear, entities: torch.Tensor, buckets: torch.Tensor) -> torch.Tensor:
    return factored(entities, entities, [buckets])[0]  # type: ignore[no-any-return]


def _pair_by_pair(plain: Any, distance: torch.Tensor, entities: torch.Tensor, buckets: torch.Tensor) -> torch.Tensor:
    n = len(entities)
    head = torch.cat([entities[:, None].expand(n, n, -1), distance[buckets]], dim=-1)
    tail = torch.cat([entities[None].expand(n, n, -1), distance[buckets.T]], dim=-1)
    return plain(head.reshape(n * n, -1), tail.reshape(n * n, -1))  # type: ignore[no-any-return]


def _milliseconds(forward: Callable[[], Any]) -> float:
    forward().sum().backward()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < 2.0:
        forward().sum().backward()
        done += 1
    return 1000 * (time.perf_counter() - started) / done


def main() -> None:
    """Read the command line, measure, print."""
    names = [spec.name for spec in backbones()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, help="a prepared corpus (default: made-up documents)")
    parser.add_argument("--backbones", nargs="+", choices=names, default=names)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the transformers")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int, default=32, help="training documents to measure on")
    parser.add_argument("--growth", action="store_true", help="also grow documents in length and in entities")
    parser.add_argument("--epochs", type=Path, help="a params file: CPU seconds of an epoch with its settings instead")
    parser.add_argument("--bilinear", action="store_true", help="time the pair classifier instead")
    options = parser.parse_args()
    if options.bilinear:
        print_bilinear()
        return
    context = multiprocessing.get_context("spawn")
    if options.epochs:
        print_epochs(context, options.documents, options.epochs, options.backbones, options.limit)
        return
    fixed = (options.device, options.threads, options.limit)

    def settings(name: str) -> dict[str, Any]:
        return {"precision": options.precision} if "precision" in find(name).Settings.model_fields else {}

    with tempfile.TemporaryDirectory() as scratch:
        folder = options.documents or made_up_corpus(Path(scratch) / "dwie", DWIE_TOKENS, DWIE_ENTITIES)
        print_header("backbone")
        for name in options.backbones:
            print_row(context, name, folder, name, settings(name), *fixed)
        sizes = [(310, 14), (620, 14), (1240, 14), (2480, 14), (620, 28), (620, 56), (620, 90)]
        for name in options.backbones if options.growth else ():
            print_header(f"{name}: words, entities")
            for tokens, entities in sizes:
                folder = made_up_corpus(Path(scratch) / f"{name}-{tokens}-{entities}", tokens, entities)
                print_row(context, f"{tokens:,}, {entities}", folder, name, settings(name), *fixed)


if __name__ == "__main__":
    main()
