"""The generator's transformer against torch's own with the same parameters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from logire.rules.logire.forest import Forest
from logire.rules.logire.generator import RuleGenerator
from logire.rules.logire.settings import LogiRESettings
from logire.rules.queries import QueryTypes

BODY = (0, 4, 2)
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")


def with_its_parameters(generator: RuleGenerator, settings: LogiRESettings) -> nn.Transformer:
    """A transformer of torch, its encoder the generator's; no attention weight of its decoder drops out."""
    theirs = nn.Transformer(
        settings.hidden,
        settings.heads,
        settings.layers,
        settings.layers,
        settings.feedforward,
        settings.dropout,
        batch_first=True,
        norm_first=settings.norm == "before",
    )
    theirs.encoder = generator.encoder
    theirs.decoder.norm.load_state_dict(generator.norm.state_dict())
    for ours, layer in zip(generator.decoder, theirs.decoder.layers, strict=True):
        for attention, query, key_value, out in (
            (layer.self_attn, ours.self_query, ours.self_key_value, ours.self_out),
            (layer.multihead_attn, ours.cross_query, ours.cross_key_value, ours.cross_out),
        ):
            attention.in_proj_weight.data = torch.cat([query.weight.data, key_value.weight.data])
            attention.in_proj_bias.data = torch.cat([query.bias.data, key_value.bias.data])
            attention.out_proj.load_state_dict(out.state_dict())
            attention.dropout = 0.0
        layer.linear1.load_state_dict(ours.feedforward[0].state_dict())
        layer.linear2.load_state_dict(ours.feedforward[2].state_dict())
        for norm, own in zip((layer.norm1, layer.norm2, layer.norm3), ours.norms, strict=True):
            norm.load_state_dict(own.state_dict())
    return theirs.train(generator.training)


@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("norm", ["before", "after"])
@pytest.mark.parametrize("past_end", [False, True])
def test_it_computes_what_torchs_transformer_does(norm, dropout, learning, past_end, random_documents, schema):
    """While it learns, too: with the same seed the same numbers drop out of the same places."""
    queries = QueryTypes.of(random_documents(3, count=3), schema)
    settings = LogiRESettings(
        hidden=16, heads=2, feedforward=24, positions=False, norm=norm, dropout=dropout, past_end=past_end
    )
    torch.manual_seed(2)
    generator = RuleGenerator(3, 2, queries.triples, settings)
    for parameter in generator.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    generator.train(learning)
    theirs = with_its_parameters(generator, settings)

    forest = Forest.of([(1, [BODY])], generator.begin, 3)
    torch.manual_seed(7)
    ours = generator(forest)

    source = generator.embedding(generator.source[1])[None]
    target = generator.embedding(torch.tensor([generator.begin, *BODY[:-1]]))[None]
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), diagonal=1)
    torch.manual_seed(7)
    logits = generator.out(theirs(source, target, tgt_mask=later)[0]).detach()
    if not past_end:
        logits[0, generator.end] = -torch.inf
    torch.testing.assert_close(ours.detach(), logits.log_softmax(-1), atol=1e-5, rtol=1e-5)

    torch.manual_seed(8)
    drops = learning and dropout > 0.0
    assert torch.allclose(ours, generator(forest), atol=1e-4) != drops


def test_the_authors_transformer_has_torchs_number_of_parameters():
    """5.86 million with 65 relations and 10 types, position embeddings left out; by default 2.71 million."""
    triples = np.zeros((1, 3), dtype=np.int64)
    theirs = nn.Transformer(256, num_encoder_layers=2, num_decoder_layers=2)
    size = {}
    for name, settings in (
        ("authors", LogiRESettings(heads=8, feedforward=2048, dropout=0.1, norm="after", positions=False)),
        ("default", LogiRESettings()),
    ):
        generator = RuleGenerator(65, 10, triples, settings)
        parts = (generator.encoder, generator.decoder, generator.norm)
        size[name] = sum(p.numel() for part in parts for p in part.parameters())
        names = size[name] + sum(p.numel() for part in (generator.embedding, generator.out) for p in part.parameters())
        assert round(names / 1e6, 2) == {"authors": 5.86, "default": 2.71}[name]
    assert size["authors"] == sum(p.numel() for p in theirs.parameters())
