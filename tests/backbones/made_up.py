"""Small made-up documents whose facts can be learned by heart, and settings small enough to do it in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from logire.backbones.registry import find
from logire.corpus.document import Document, Entity, Fact, Mention, Schema
from logire.corpus.prepared import PreparedCorpus, write_prepared

SCHEMA = Schema(("leads", "part_of", "based_in"), ("person", "group", "place"))
WORDS = tuple(f"w{i}" for i in range(30))

SMALL: dict[str, Any] = {
    "word_dim": 12,
    "min_count": 1,
    "word_dropout": 0.0,
    "hidden": 16,
    "state_dim": 12,
    "pair_dim": 8,
    "window": 32,
    "overlap": 8,
    "encoder_learning_rate": 0.005,
    "entity_dim": 4,
    "graph_dim": 8,
    "group": 8,
}
"""Values that make a backbone small, for each name that a setting may have."""
QUICK: dict[str, Any] = {"epochs": 3, "patience": 3, "batch_size": 2, "learning_rate": 0.005}


def small(name: str) -> dict[str, Any]:
    """Settings that make the backbone ``name`` small; settings of its own that are not in SMALL keep their defaults."""
    return {key: value for key, value in SMALL.items() if key in find(name).Settings.model_fields}


def document(title: str, *, seed: int, length: int = 40, entities: int = 4, facts: int = 3) -> Document:
    """A document of random words in two sentences; entities are mentioned once or twice by one or two words."""
    generator = np.random.default_rng(seed)
    half = length // 2
    sentences = tuple(
        tuple(WORDS[i] for i in generator.integers(len(WORDS), size=size)) for size in (half, length - half)
    )
    members = []
    for e in range(entities):
        kind = SCHEMA.types[e % len(SCHEMA.types)]
        mentions = []
        for _ in range(int(generator.integers(1, 3))):
            sentence = int(generator.integers(2))
            start = int(generator.integers(len(sentences[sentence]) - 1))
            end = start + int(generator.integers(1, 3))
            mentions.append(Mention(f"{title}-{e}", sentence, start, min(end, len(sentences[sentence])), kind))
        members.append(Entity(tuple(mentions)))
    pairs = [(h, t) for h in range(entities) for t in range(entities) if h != t]
    chosen = generator.permutation(len(pairs))[:facts]
    labelled = tuple(
        Fact(pairs[i][0], SCHEMA.relations[int(generator.integers(len(SCHEMA.relations)))], pairs[i][1]) for i in chosen
    )
    return Document(title, sentences, tuple(members), labelled)


def encoder(folder: Path) -> None:
    """Write a tiny BERT with random weights, and a tokenizer that knows our words, as a model folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "*", *(f"w{i}" for i in range(0, 30, 2)), "w", *map(str, range(10))]
    vocabulary = {name: i for i, name in enumerate(names)} | {f"##{i}": len(names) + i for i in range(10)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        model_max_length=64,
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)


def corpus(folder: Path, *, train: int = 6) -> PreparedCorpus:
    """A prepared corpus of made-up documents; dev repeats two training documents so that F1 can be 1."""
    documents = [document(f"train-{i}", seed=i, length=30 + 4 * i, entities=3 + i % 3) for i in range(train)]
    dev = [Document(f"dev-{i}", d.sentences, d.entities, d.facts) for i, d in enumerate(documents[:2])]
    test = [document(f"test-{i}", seed=100 + i) for i in range(2)]
    write_prepared(folder, {"train": documents, "dev": dev, "test": test}, SCHEMA, name="made-up", synthetic=True)
    return PreparedCorpus.open(folder)
